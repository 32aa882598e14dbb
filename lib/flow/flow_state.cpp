#include "flow/flow_state.h"

#include <array>

namespace vpcwall {
namespace {

struct StateRow {
  std::string_view name;
  std::uint32_t seconds;  // used where `setting` is null
  std::uint32_t FlowTimeouts::*setting;
};

// The one table of states: name and idle time, in the order of the enum.
constexpr std::array<StateRow, flow_state_count> rows{{
    {"syn-sent", 120, nullptr},                          // C-36
    {"syn-received", 60, nullptr},                       // C-36
    {"established", 0, &FlowTimeouts::tcp_established},  // C-30
    {"fin-wait", 120, nullptr},                          // C-37
    {"close-wait", 60, nullptr},                         // C-37
    {"last-ack", 30, nullptr},                           // C-37
    {"time-wait", 120, nullptr},                         // C-37
    {"closed", 10, nullptr},                             // C-37
    {"udp-request", 0, &FlowTimeouts::udp},              // C-32
    {"udp-reply", 0, &FlowTimeouts::udp},                // C-32
    {"udp-second-request", 0, &FlowTimeouts::udp},       // C-32
    {"udp-stream", 0, &FlowTimeouts::udp_stream},        // C-33
    {"icmp", 30, nullptr},                               // C-35
    {"other", 600, nullptr},                             // C-34
}};

constexpr const StateRow& row(FlowState state) noexcept { return rows[static_cast<std::size_t>(state)]; }

FlowState after_fin(FlowState state) noexcept {
  switch (state) {
    case FlowState::syn_received:
    case FlowState::established: return FlowState::fin_wait;
    case FlowState::fin_wait:
    case FlowState::close_wait: return FlowState::last_ack;
    default: return state;
  }
}

FlowState after_ack(FlowState state) noexcept {
  switch (state) {
    case FlowState::fin_wait: return FlowState::close_wait;
    case FlowState::last_ack: return FlowState::time_wait;
    default: return state;
  }
}

// Netfilter's transitions, since the timers are netfilter's too (C-37, C-41), less everything that needs
// sequence numbers (C-46).
FlowState next_tcp(FlowState state, const TcpFlags& flags, FlowDirection direction) noexcept {
  if (flags.rst) return FlowState::closed;
  if (flags.syn) {
    const bool answered = direction == FlowDirection::reply && flags.ack && state == FlowState::syn_sent;
    return answered ? FlowState::syn_received : state;
  }
  // C-46: the originator's first packet that is no SYN establishes the flow, whatever way the SYN-ACK went.
  if (direction == FlowDirection::original &&
      (state == FlowState::syn_sent || state == FlowState::syn_received)) {
    state = FlowState::established;
    if (!flags.fin) return state;
  }
  if (flags.fin) return after_fin(state);
  return flags.ack ? after_ack(state) : state;
}

FlowState next_udp(FlowState state, FlowDirection direction) noexcept {
  const bool reply = direction == FlowDirection::reply;
  switch (state) {
    case FlowState::udp_request: return reply ? FlowState::udp_reply : state;
    case FlowState::udp_reply: return reply ? state : FlowState::udp_second_request;
    case FlowState::udp_second_request: return reply ? FlowState::udp_stream : state;
    default: return state;  // C-72: once a stream, always a stream
  }
}

}  // namespace

std::string_view to_string(FlowState state) noexcept { return row(state).name; }

Duration idle_timeout(FlowState state, const FlowTimeouts& timeouts) noexcept {
  const StateRow& entry = row(state);
  return std::chrono::seconds(entry.setting != nullptr ? timeouts.*entry.setting : entry.seconds);
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
  if (state <= FlowState::closed) return next_tcp(state, flags, direction);
  if (state <= FlowState::udp_stream) return next_udp(state, direction);
  return state;
}

}  // namespace vpcwall
