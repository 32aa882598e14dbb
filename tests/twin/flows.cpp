#include "twin/flows.h"

namespace vpcwall::twin {
namespace {

using std::chrono::seconds;

std::string with_port(const IpAddress& address, std::uint16_t port) {
  return to_string(address) + " port " + std::to_string(port);
}

// C-3
std::string port_flow_name(const Datagram& datagram) {
  return to_string(datagram.protocol) + " from " + with_port(datagram.source, datagram.source_port) + " to " +
         with_port(datagram.destination, datagram.destination_port);
}

// C-48: who asked is part of the name, so a question of the other side is never an answer.
std::string query_flow_name(const IpAddress& asker, const IpAddress& asked, int query_type,
                            std::uint16_t identifier) {
  return "query of type " + std::to_string(query_type) + " number " + std::to_string(identifier) + " from " +
         to_string(asker) + " to " + to_string(asked);
}

// C-5
std::string address_flow_name(const Datagram& datagram) {
  return "protocol " + std::to_string(static_cast<int>(datagram.protocol)) + " from " +
         to_string(datagram.source) + " to " + to_string(datagram.destination);
}

// C-48: the reply to every query that opens a flow.
std::map<int, int> replies_by_query(const Datagram& datagram) {
  if (datagram.family() == Family::ipv6) return {{128, 129}};
  return {{8, 0}, {13, 14}, {15, 16}, {17, 18}};
}

Duration tcp_timeout(TcpState state, const Tracking& tracking) {
  switch (state) {
    case TcpState::syn_sent: return seconds(120);                          // C-36
    case TcpState::syn_received: return seconds(60);                       // C-36
    case TcpState::established: return seconds(tracking.tcp_established);  // C-30
    case TcpState::fin_wait: return seconds(120);                          // C-37
    case TcpState::close_wait: return seconds(60);                         // C-37
    case TcpState::last_ack: return seconds(30);                           // C-37
    case TcpState::time_wait: return seconds(120);                         // C-37
    case TcpState::closed: return seconds(10);                             // C-37
  }
  return seconds(0);
}

Duration timeout_of(const Flow& flow, const Tracking& tracking) {
  if (is_tcp(flow.original)) return tcp_timeout(flow.tcp_state, tracking);
  if (is_udp(flow.original))
    return seconds(flow.udp_turns == 4 ? tracking.udp_stream : tracking.udp);  // C-32, C-33
  if (is_icmp(flow.original)) return seconds(30);                              // C-35
  return seconds(600);                                                         // C-34
}

// C-70 to C-72: a turn ends when the other side speaks; the fourth lasts until the flow ends.
void take_turn(Flow& flow, bool reply) {
  const bool turn_of_replies = flow.udp_turns == 2 || flow.udp_turns == 4;
  if (flow.udp_turns < 4 && reply != turn_of_replies) ++flow.udp_turns;
}

}  // namespace

std::optional<std::string> name_as_original(const Datagram& datagram, Direction direction) {
  const std::string way = direction == Direction::egress ? "out: " : "in: ";
  if (datagram.lost) return std::nullopt;  // S-68: of which protocol it is nobody knows, so C-5 has no number
  if (is_tcp(datagram) || is_udp(datagram)) {
    if (!datagram.readable) return std::nullopt;
    return way + port_flow_name(datagram);
  }
  if (!is_icmp(datagram)) return way + address_flow_name(datagram);
  if (!datagram.readable) return std::nullopt;
  for (const auto& [query, reply] : replies_by_query(datagram))
    if (datagram.icmp_type == query)
      return way + query_flow_name(datagram.source, datagram.destination, query, datagram.icmp_identifier);
  return std::nullopt;
}

std::optional<std::string> name_as_reply(const Datagram& datagram, Direction direction) {
  Datagram request = reversed(datagram);
  if (is_icmp(datagram)) {
    if (!datagram.readable) return std::nullopt;
    std::optional<int> asked;
    for (const auto& [query, reply] : replies_by_query(datagram))
      if (datagram.icmp_type == reply) asked = query;
    if (!asked) return std::nullopt;
    request.icmp_type = static_cast<std::uint8_t>(*asked);
  }
  return name_as_original(request, opposite(direction));
}

std::optional<FoundFlow> find_flow(const FlowTable& table, const Datagram& datagram, Direction direction) {
  const auto original = name_as_original(datagram, direction);
  if (original && table.contains(*original)) return FoundFlow{*original, false};
  const auto reply = name_as_reply(datagram, direction);
  if (reply && table.contains(*reply)) return FoundFlow{*reply, true};
  return std::nullopt;
}

void note_packet(Flow& flow, bool reply, const TcpFlags& flags, const Tracking& tracking, Duration at) {
  if (is_tcp(flow.original)) flow.tcp_state = after_packet(flow.tcp_state, reply, flags);
  if (is_udp(flow.original)) take_turn(flow, reply);
  restart_timer(flow, tracking, at);
}

void restart_timer(Flow& flow, const Tracking& tracking, Duration at) {
  flow.ends_at = at + timeout_of(flow, tracking);
}

void forget_ended(FlowTable& table, Duration at) {
  for (auto flow = table.begin(); flow != table.end();)
    flow = flow->second.ends_at <= at ? table.erase(flow) : std::next(flow);
}

}  // namespace vpcwall::twin
