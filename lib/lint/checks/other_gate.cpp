#include "lint/checks/other_gate.h"

#include <algorithm>
#include <set>

#include "lint/place_gates.h"

namespace vpcwall {
namespace {

Journey journey_of(Probe& probe, const Place& place, Direction direction) {
  return direction == Direction::ingress ? probe.entering(*place.interface) : probe.leaving(*place.interface);
}

bool is_inside(const Subnet& subnet, const IpAddress& address) {
  return (subnet.cidr && subnet.cidr->contains(address)) ||
         (subnet.ipv6_cidr && subnet.ipv6_cidr->contains(address));
}

// What the packets of one rule came to. Neighbours in the subnet reach it without an ACL (N-10); a rule for
// everyone is not written for them.
struct Passage {
  bool passes = false;
  bool asked = false;
  std::set<std::string> denied_by;  // entries
};

void ask_about(const SecurityGroupRule& rule, Direction direction, const Place& place, PlaceGates& gates,
               Inspection& inspection, Passage& result) {
  Probe& probe = inspection.probe();
  const Journey journey = journey_of(probe, place, direction);
  for (const Prefix& peer : inspection.index().peers(rule.peer)) {
    const auto own = gates.own_address(peer.base.family);
    if (!own) continue;
    for (const Cell& cell : gates.cells(direction, compile_traffic(rule.traffic), peer)) {
      if (!can_occur(cell.kind, peer.base.family)) continue;
      const auto address = probe.peer_between(cell.first, cell.last);
      if (!address || (peer.is_open() && is_inside(*place.subnet, *address))) continue;
      const Decision decision = probe.ask(make_witness(cell.kind, *own, *address, direction), journey);
      result.asked = true;
      result.passes = decision.verdict == Verdict::accept || !inspection.budget().may_ask();
      if (result.passes) return;
      if (decision.reason == Reason::acl_entry || decision.reason == Reason::acl_default)
        result.denied_by.insert(probe.deciding_entry(decision).value_or("*"));
    }
  }
}

std::string entries_text(const std::set<std::string>& numbers) {
  constexpr std::size_t most = 3;
  std::string text;
  std::size_t named = 0;
  for (const std::string& number : numbers) {
    if (named == most) return text + " and others";
    text += (named++ == 0 ? "" : ", ") + (number == "*" ? std::string("`*`") : "entry " + number);
  }
  return text;
}

enum class Use : std::uint8_t { none, some, unknown };  // unknown: it decides about nothing here

// Whether one packet that the entry lets pass is one that the groups of the place let pass.
class EntrySearch {
 public:
  EntrySearch(const Place& place, Direction direction, Inspection& inspection)
      : place_(place),
        direction_(direction),
        inspection_(inspection),
        probe_(inspection.probe()),
        gates_(place, inspection.index()),
        there_(journey_of(probe_, place, direction)),
        back_(journey_of(probe_, place, opposite(direction))) {}

  [[nodiscard]] Use use_of(const NetworkAclEntry& entry) {
    const auto own = gates_.own_address(entry.cidr.base.family);
    if (!own) return Use::none;
    Use use = Use::unknown;
    for (const Cell& cell : gates_.cells(direction_, traffic_of(entry), entry.cidr)) {
      if (!inspection_.budget().may_ask()) return Use::unknown;
      const auto peer = probe_.peer_between(cell.first, cell.last);
      if (!peer) continue;
      const Packet packet = make_witness(cell.kind, *own, *peer, direction_);
      const Decision decision = probe_.ask(packet, there_);
      if (probe_.deciding_entry(decision) != std::to_string(entry.number)) continue;
      if (decision.verdict == Verdict::accept || is_error(packet) || is_reply(packet)) return Use::some;
      use = Use::none;
    }
    return use;
  }

 private:
  // N-44 to N-46: errors come about flows, and what lets them pass depends on more than rules.
  [[nodiscard]] static bool is_error(const Packet& packet) {
    return is_icmp(packet.protocol) && is_icmp_error(packet.protocol, packet.icmp_type);
  }

  // The packet as a reply to a request the other way: is there a service port for which it passes?
  [[nodiscard]] bool is_reply(const Packet& packet) {
    std::vector<std::uint16_t> services{0};
    if (has_ports(packet.protocol)) services = gates_.ports(opposite(direction_), packet.protocol, 0);
    Packet request = packet;
    std::swap(request.source, request.destination);
    request.source_port = packet.destination_port;
    if (is_icmp(packet.protocol)) {
      const auto query = answered_query(packet.protocol, packet.icmp_type);
      if (!query) return false;
      request.icmp_type = *query;
    }
    return std::any_of(services.begin(), services.end(), [&](std::uint16_t port) {
      request.destination_port = port;
      const auto reply = probe_.converse(request, back_, make_reply(request), there_);
      return reply && reply->verdict == Verdict::accept;
    });
  }

  const Place& place_;
  Direction direction_;
  Inspection& inspection_;
  Probe& probe_;
  PlaceGates gates_;
  Journey there_, back_;
};

}  // namespace

bool find_unreachable_rules(const SecurityGroup& group, Inspection& inspection) {
  std::vector<const Place*> places;
  for (const Place& place : inspection.index().places()) {
    const auto& groups = place.interface->security_groups;
    if (std::find(groups.begin(), groups.end(), group.id) != groups.end()) places.push_back(&place);
  }
  if (places.empty()) return false;
  for (const Direction direction : {Direction::ingress, Direction::egress})
    for (const SecurityGroupRule& rule : group.rules(direction)) {
      Passage passage;
      for (const Place* place : places) {
        PlaceGates gates(*place, inspection.index());
        if (!passage.passes) ask_about(rule, direction, *place, gates, inspection, passage);
      }
      if (!passage.asked || passage.passes || passage.denied_by.empty()) continue;
      const std::string acl = places.size() == 1 ? called(*places.front()->acl) : "the network ACLs";
      inspection.report(group, direction, rule,
                        "allows nothing: " + acl + (places.size() == 1 ? " denies" : " deny") +
                            " all of it (" + std::string(to_string(direction)) + ' ' +
                            entries_text(passage.denied_by) + ')');
    }
  return true;
}

bool find_unreachable_entries(const NetworkAcl& acl, Inspection& inspection) {
  std::vector<const Place*> places;
  for (const Place& place : inspection.index().places()) {
    if (place.acl != &acl) continue;
    if (place.interface->type != Interface::Type::interface)
      return false;  // N-29: nothing else filters there
    places.push_back(&place);
  }
  if (places.empty()) return false;
  for (const Direction direction : {Direction::ingress, Direction::egress}) {
    std::vector<EntrySearch> searches;
    searches.reserve(places.size());
    for (const Place* place : places) searches.emplace_back(*place, direction, inspection);
    for (const NetworkAclEntry& entry : acl.entries(direction)) {
      if (entry.action == Action::deny || entry.at.line == 0) continue;
      const bool useless = std::all_of(searches.begin(), searches.end(), [&](EntrySearch& search) {
        return search.use_of(entry) == Use::none;
      });
      if (useless)
        inspection.report(acl, direction, entry,
                          std::string("allows nothing: no interface behind it ") +
                              (direction == Direction::ingress ? "lets any of it in" : "sends any of it") +
                              ", neither as a request nor as a reply");
    }
  }
  return true;
}

}  // namespace vpcwall
