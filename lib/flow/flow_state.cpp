#include "flow/flow_state.h"

#include <array>

#include "flow/transitions.h"

namespace vpcwall {
namespace {

// In the order of the enum.
constexpr std::array<std::string_view, flow_state_count> names{
    "syn-sent", "syn-received", "established", "fin-wait",           "close-wait", "last-ack", "time-wait",
    "closed",   "udp-request",  "udp-reply",   "udp-second-request", "udp-stream", "icmp",     "other"};

constexpr std::uint32_t number(FlowState state) noexcept { return static_cast<std::uint32_t>(state); }

static_assert(number(FlowState::syn_sent) == transitions::state_syn_sent &&
              number(FlowState::syn_received) == transitions::state_syn_received &&
              number(FlowState::established) == transitions::state_established &&
              number(FlowState::fin_wait) == transitions::state_fin_wait &&
              number(FlowState::close_wait) == transitions::state_close_wait &&
              number(FlowState::last_ack) == transitions::state_last_ack &&
              number(FlowState::time_wait) == transitions::state_time_wait &&
              number(FlowState::closed) == transitions::state_closed &&
              number(FlowState::udp_request) == transitions::state_udp_request &&
              number(FlowState::udp_reply) == transitions::state_udp_reply &&
              number(FlowState::udp_second_request) == transitions::state_udp_second_request &&
              number(FlowState::udp_stream) == transitions::state_udp_stream &&
              number(FlowState::icmp) == transitions::state_icmp &&
              number(FlowState::other) == transitions::state_other);

}  // namespace

std::string_view to_string(FlowState state) noexcept { return names[number(state)]; }

Duration idle_timeout(FlowState state, const FlowTimeouts& timeouts) noexcept {
  return std::chrono::seconds(
      transitions::idle_seconds(number(state), timeouts.tcp_established, timeouts.udp, timeouts.udp_stream));
}

FlowState first_state(Protocol protocol, Family family, const TcpFlags& flags) noexcept {
  switch (protocol) {
    case Protocol::tcp:
      if (flags.rst) return FlowState::closed;
      if (flags.fin) return FlowState::fin_wait;
      if (flags.syn) return flags.ack ? FlowState::syn_received : FlowState::syn_sent;
      return FlowState::established;
    case Protocol::udp: return FlowState::udp_request;
    // Under the other family they are protocols like any other (S-66), with 600 s (C-34).
    case Protocol::icmp: return family == Family::ipv4 ? FlowState::icmp : FlowState::other;
    case Protocol::icmpv6: return family == Family::ipv6 ? FlowState::icmp : FlowState::other;
    default: return FlowState::other;
  }
}

FlowState next_state(FlowState state, const TcpFlags& flags, FlowDirection direction) noexcept {
  return static_cast<FlowState>(
      transitions::next_state_of(number(state), flags.to_byte(), direction == FlowDirection::reply));
}

}  // namespace vpcwall
