// SPDX-License-Identifier: Apache-2.0
//
// The one function of pacote that is used; the package ships no types.

declare module "pacote" {
  const pacote: {
    extract(
      spec: string,
      target: string,
      options: { readonly integrity: string; readonly registry?: string },
    ): Promise<unknown>;
  };
  export default pacote;
}
