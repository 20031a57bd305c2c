/*
 * notify -- tells the service manager how we are, where there is one (systemd's
 * protocol: datagrams to the socket that NOTIFY_SOCKET names). Main thread.
 */
#ifndef TICKR_LOOP_NOTIFY_H
#define TICKR_LOOP_NOTIFY_H

#include <stdint.h>

/* STATE as in sd_notify(3): "READY=1", "STOPPING=1", "WATCHDOG=1". Silent without a manager. */
void notify_send(const char *state);

/* How often the manager wants to hear WATCHDOG=1, in milliseconds; 0: never. */
uint64_t notify_watchdog_ms(void);

#endif
