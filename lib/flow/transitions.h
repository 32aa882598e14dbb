/* How a packet moves a flow from state to state, and how long each state may idle: the one source.
 *
 * Written in what C and C++ have in common, because two programs compile these lines: the daemon
 * (flow_state.h gives them their C++ names and types) and the kernel's fast path. They must never disagree
 * about a flow. Pure functions of numbers; any thread. */
#pragma once

/* NOLINTBEGIN: C */
#include <stdint.h>

#ifdef __cplusplus
namespace vpcwall::transitions {
#endif

/* The values of FlowState. */
enum state {
  state_syn_sent,
  state_syn_received,
  state_established,
  state_fin_wait,
  state_close_wait,
  state_last_ack,
  state_time_wait,
  state_closed,
  state_udp_request,
  state_udp_reply,
  state_udp_second_request,
  state_udp_stream,
  state_icmp,
  state_other,
};

/* TCP flags as they stand in the header. */
enum tcp_flag { tcp_fin = 0x01, tcp_syn = 0x02, tcp_rst = 0x04, tcp_ack = 0x10 };

/* The only packet that may open a TCP flow (C-43). */
static inline int opens_tcp(uint32_t flags) {
  return (flags & (tcp_syn | tcp_ack | tcp_rst | tcp_fin)) == tcp_syn;
}

static inline uint32_t after_fin(uint32_t state) {
  if (state == state_syn_received || state == state_established) return state_fin_wait;
  if (state == state_fin_wait || state == state_close_wait) return state_last_ack;
  return state;
}

static inline uint32_t after_ack(uint32_t state) {
  if (state == state_fin_wait) return state_close_wait;
  if (state == state_last_ack) return state_time_wait;
  return state;
}

/* Netfilter's transitions, since the timers are netfilter's too (C-37, C-41), less everything that needs
 * sequence numbers (C-46). */
static inline uint32_t next_tcp(uint32_t state, uint32_t flags, int reply) {
  if (flags & tcp_rst) return state_closed;
  if (flags & tcp_syn)
    return reply && (flags & tcp_ack) && state == state_syn_sent ? (uint32_t)state_syn_received : state;
  /* C-46: the originator's first packet that is no SYN establishes the flow, whatever way the SYN-ACK went.
   */
  if (!reply && (state == state_syn_sent || state == state_syn_received)) {
    state = state_established;
    if (!(flags & tcp_fin)) return state;
  }
  if (flags & tcp_fin) return after_fin(state);
  return flags & tcp_ack ? after_ack(state) : state;
}

/* A stream begins with the second completed request-response (C-70 to C-72). */
static inline uint32_t next_udp(uint32_t state, int reply) {
  if (state == state_udp_request) return reply ? state_udp_reply : state_udp_request;
  if (state == state_udp_reply) return reply ? state_udp_reply : state_udp_second_request;
  if (state == state_udp_second_request) return reply ? state_udp_stream : state_udp_second_request;
  return state; /* C-72: once a stream, always a stream */
}

/* The state after one more accepted packet. `flags` count for TCP only. */
static inline uint32_t next_state_of(uint32_t state, uint32_t flags, int reply) {
  if (state <= state_closed) return next_tcp(state, flags, reply);
  if (state <= state_udp_stream) return next_udp(state, reply);
  return state;
}

/* Seconds of idle time after which a flow in `state` is gone; the last three are the interface's settings. */
static inline uint32_t idle_seconds(uint32_t state, uint32_t tcp_established, uint32_t udp,
                                    uint32_t udp_stream) {
  switch (state) {
    case state_established: return tcp_established; /* C-30 */
    case state_syn_sent: return 120;                /* C-36 */
    case state_syn_received: return 60;             /* C-36 */
    case state_fin_wait: return 120;                /* C-37 */
    case state_close_wait: return 60;               /* C-37 */
    case state_last_ack: return 30;                 /* C-37 */
    case state_time_wait: return 120;               /* C-37 */
    case state_closed: return 10;                   /* C-37 */
    case state_udp_request: return udp;             /* C-32 */
    case state_udp_reply: return udp;               /* C-32 */
    case state_udp_second_request: return udp;      /* C-32 */
    case state_udp_stream: return udp_stream;       /* C-33 */
    case state_icmp: return 30;                     /* C-35 */
    default: return 600;                            /* C-34 */
  }
}

#ifdef __cplusplus
}  // namespace vpcwall::transitions
#endif
/* NOLINTEND */
