#include "twin/security_groups.h"

#include "twin/address.h"
#include "twin/group_rules.h"

namespace vpcwall::twin {
namespace {

// C-43: of no other flag that matters; a SYN that also ends the connection opens none.
bool is_opening_syn(const Packet& packet) {
  const TcpFlags& flags = packet.tcp_flags;
  return flags.syn && !flags.ack && !flags.fin && !flags.rst;
}

// C-29: a SYN over the remains of a connection begins another one.
void forget_if_over(FlowTable& table, const Packet& packet, const Datagram& datagram, Direction direction) {
  const auto found = find_flow(table, datagram, direction);
  if (found && is_tcp(datagram) && is_opening_syn(packet) && is_over(table.at(found->name).tcp_state))
    table.erase(found->name);
}

// C-1, C-20, C-28: whatever the rules say.
GroupAnswer continue_flow(const FoundFlow& found, const FlowTable& table, const Interface& interface,
                          const Packet& packet, Duration at) {
  Flow flow = table.at(found.name);
  note_packet(flow, found.reply, packet.tcp_flags, interface.tracking, at);
  return {true, "tracked", Storing{found.name, flow}};
}

// C-50: ICMP type 3 code 4, ICMPv6 type 2.
bool is_path_mtu_error(const Datagram& datagram) {
  if (!is_icmp(datagram) || !datagram.readable) return false;
  if (datagram.family() == Family::ipv6) return datagram.icmp_type == 2;
  return datagram.icmp_type == 3 && datagram.icmp_code == 4;
}

// C-51: what Linux takes for errors: unreachable, source quench, redirect, time exceeded, parameter problem;
// and ICMPv6's four.
bool is_error(const Datagram& datagram) {
  if (!is_icmp(datagram) || !datagram.readable) return false;
  const int type = datagram.icmp_type;
  if (datagram.family() == Family::ipv6) return type >= 1 && type <= 4;
  return type == 3 || type == 4 || type == 5 || type == 11 || type == 12;
}

// C-50: what the interface once sent, quoted back to it, was of a flow that needs no state or is always
// tracked. Without the source/destination check it may have sent anything.
bool is_expected_path_mtu_error(const Policy& policy, const Interface& interface, Direction direction,
                                const Packet& packet) {
  if (direction != Direction::ingress || !packet.quoted) return false;
  if (!is_path_mtu_error(datagram_of(packet))) return false;
  const Datagram sent = datagram_of(*packet.quoted);
  if (sent.lost || sent.cut) return false;  // which packet it was, no one can tell
  const bool sent_by_it = !interface.source_dest_check || belongs_to(sent.source, interface);
  if (!sent_by_it) return false;
  return is_auto_tracked(policy, Direction::egress, sent) ||
         is_pair_open(policy, interface, Direction::egress, sent);
}

// C-51, the knob: as Linux does, an error that speaks of a tracked flow. It goes to who sent what it quotes,
// so the quoted packet crossed the interface the other way.
bool is_related_error(const Policy& policy, const Packet& packet, Direction direction,
                      const FlowTable& table) {
  if (policy.behavior.icmp_related != Behavior::IcmpRelated::linux_) return false;
  if (!packet.quoted || !is_error(datagram_of(packet))) return false;
  return find_flow(table, datagram_of(*packet.quoted), opposite(direction)).has_value();
}

// C-43: `loose` adopts what netfilter's tcp_loose adopts, a plain ACK, as an established connection.
bool is_adopted(const Policy& policy, const Packet& packet) {
  const TcpFlags& flags = packet.tcp_flags;
  return policy.behavior.tcp_midstream == Behavior::TcpMidstream::loose && flags.ack && !flags.syn &&
         !flags.fin && !flags.rst;
}

bool can_open_flow(const Policy& policy, const Packet& packet, const Datagram& datagram,
                   Direction direction) {
  if (!name_as_original(datagram, direction)) return false;  // C-48, C-53, S-68, S-69
  return !is_tcp(datagram) || is_opening_syn(packet) || is_adopted(policy, packet);
}

Storing new_flow(const Interface& interface, Direction direction, const Packet& packet, Duration at) {
  Flow flow;
  flow.original = datagram_of(packet);
  flow.direction = direction;
  if (!is_opening_syn(packet)) flow.tcp_state = TcpState::established;  // says nothing unless TCP
  restart_timer(flow, interface.tracking, at);
  return {name_as_original(flow.original, direction).value(), flow};
}

}  // namespace

GroupAnswer ask_security_groups(const Policy& policy, const Interface& interface, Direction direction,
                                const Packet& packet, FlowTable& table, Duration at, std::size_t claimed) {
  const Datagram datagram = datagram_of(packet);
  forget_if_over(table, packet, datagram, direction);
  if (const auto found = find_flow(table, datagram, direction))
    return continue_flow(*found, table, interface, packet, at);
  if (is_expected_path_mtu_error(policy, interface, direction, packet)) return {true, "pmtud", {}};
  if (is_related_error(policy, packet, direction, table)) return {true, "pmtud", {}};
  if (!rules_allow(policy, interface, direction, datagram)) return {false, "deny", {}};  // S-6
  if (is_pair_open(policy, interface, direction, datagram) && !is_auto_tracked(policy, direction, datagram))
    return {true, "untracked", {}};                                                    // C-8, C-18
  const bool is_full = table.size() + claimed >= policy.behavior.flows_per_interface;  // C-60
  // S-68, S-69: an unreadable packet fares no better than the packet that it may be.
  if (is_full && (datagram.lost || datagram.cut)) return {false, "table-full", {}};
  if (!can_open_flow(policy, packet, datagram, direction)) return {true, "no-state", {}};  // C-43, C-48
  if (is_full) return {false, "table-full", {}};
  return {true, "new", new_flow(interface, direction, packet, at)};
}

}  // namespace vpcwall::twin
