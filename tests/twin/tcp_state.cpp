#include "twin/tcp_state.h"

namespace vpcwall::twin {
namespace {

TcpState after_fin(TcpState state) {
  switch (state) {
    case TcpState::syn_received:
    case TcpState::established: return TcpState::fin_wait;
    case TcpState::fin_wait:
    case TcpState::close_wait: return TcpState::last_ack;
    default: return state;
  }
}

TcpState after_ack(TcpState state) {
  switch (state) {
    case TcpState::fin_wait: return TcpState::close_wait;
    case TcpState::last_ack: return TcpState::time_wait;
    default: return state;
  }
}

}  // namespace

TcpState after_packet(TcpState state, bool reply, const TcpFlags& flags) {
  if (flags.rst) return TcpState::closed;  // C-45
  if (flags.syn) {
    const bool answers_the_syn = flags.ack && reply && state == TcpState::syn_sent;
    return answers_the_syn ? TcpState::syn_received : state;  // C-29: any other SYN changes nothing
  }
  // C-46: the originator's first packet that is no SYN, whether or not a SYN-ACK came by here.
  const bool opening = state == TcpState::syn_sent || state == TcpState::syn_received;
  if (opening && !reply) state = TcpState::established;
  if (flags.fin) return after_fin(state);  // C-45
  if (flags.ack) return after_ack(state);
  return state;
}

bool is_over(TcpState state) { return state == TcpState::time_wait || state == TcpState::closed; }

}  // namespace vpcwall::twin
