// SPDX-License-Identifier: Apache-2.0
/* The class of pulse.ts for XS. */
#include "xsmc.h"
#include "xsHost.h"
#include "mc.xs.h"

#include "builtinCommon.h"
#include "pulse-esp32.h"

typedef struct {
  int32_t handle;
  int32_t pin;
} record_t;

void xs_wattle_pulse_destructor(void *data) {
  record_t *record = data;
  if (!record) return;
  wattle_pulse_close(record->handle);
  builtinFreePin(record->pin);
  c_free(record);
}

static const xsHostHooks ICACHE_RODATA_ATTR hooks = {xs_wattle_pulse_destructor, NULL, "wattle-pulse"};

/* A property of the options that must be a number of at least `least`. */
static int32_t number_of(xsMachine *the, xsIdentifier id, int32_t least) {
  xsSlot slot;
  xsmcGet(slot, xsArg(0), id);
  const int32_t value = builtinGetSignedInteger(the, &slot);
  if (value < least) xsRangeError("invalid option");
  return value;
}

void xs_wattle_pulse(xsMachine *the) {
  xsSlot slot;
  const int32_t pin = number_of(the, xsID_pin, 0);
  const int32_t min_on_us = number_of(the, xsID_minOnUs, 1);
  const int32_t min_off_us = number_of(the, xsID_minOffUs, 1);
  xsmcGet(slot, xsArg(0), xsID_activeLow);
  const int32_t active_low = xsmcTest(slot) ? 1 : 0;
  if (!builtinIsPinFree(pin)) xsRangeError("in use");

  record_t *record = c_malloc(sizeof(record_t));
  if (!record) xsUnknownError("no memory");
  record->pin = pin;
  record->handle = wattle_pulse_open(pin, min_on_us, min_off_us, active_low);
  if (record->handle < 0) {
    c_free(record);
    xsUnknownError("no pulse counter");
  }
  builtinUsePin(pin);
  xsmcSetHostData(xsThis, record);
  xsSetHostHooks(xsThis, (xsHostHooks *)&hooks);
}

void xs_wattle_pulse_read(xsMachine *the) {
  const record_t *record = xsmcGetHostDataValidate(xsThis, (void *)&hooks);
  xsmcSetUnsigned(xsResult, wattle_pulse_read(record->handle));
}

void xs_wattle_pulse_close(xsMachine *the) {
  record_t *record = xsmcGetHostData(xsThis);
  if (!record || !xsmcGetHostDataValidate(xsThis, (void *)&hooks)) return;
  xs_wattle_pulse_destructor(record);
  xsmcSetHostData(xsThis, NULL);
  xsmcSetHostDestructor(xsThis, NULL);
}
