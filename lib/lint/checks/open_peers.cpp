#include "lint/checks/open_peers.h"

#include <algorithm>
#include <map>
#include <optional>

#include "lint/cells.h"
#include "policy/address_set.h"
#include "policy/compile.h"

namespace vpcwall {
namespace {

const Prefix* open_prefix(const SecurityGroupRule& rule) noexcept {
  const auto* prefix = std::get_if<Prefix>(&rule.peer);
  return prefix != nullptr && prefix->is_open() ? prefix : nullptr;
}

bool overlap(const PortRange& one, const PortRange& other) noexcept {
  return one.first <= other.last && other.first <= one.last;
}

// "port 22", "ports 20-21, 23": those that the traffic includes.
std::string included(const Traffic& traffic, const OpenPorts& wanted) {
  std::string text;
  const bool protocol = !traffic.protocol || (*traffic.protocol == Protocol::tcp && wanted.tcp) ||
                        (*traffic.protocol == Protocol::udp && wanted.udp);
  for (const PortRange& range : wanted.ports) {
    if (!protocol || (traffic.protocol && !overlap(traffic.ports, range))) continue;
    const PortRange shared = traffic.protocol ? PortRange{std::max(range.first, traffic.ports.first),
                                                          std::min(range.last, traffic.ports.last)}
                                              : range;
    text += (text.empty() ? "" : ", ") + to_string(shared);
  }
  return text;
}

// "tcp port 22", "tcp ports 22 and 3389"
std::string ports_text(const std::vector<std::uint16_t>& ports) {
  if (ports.empty()) return "everything";
  std::string text = ports.size() == 1 ? "tcp port " : "tcp ports ";
  for (std::size_t i = 0; i < ports.size(); ++i) text += (i == 0 ? "" : " and ") + std::to_string(ports[i]);
  return text;
}

// All of the range lies in these ranges, taken together.
bool are_authorized(PortRange range, std::vector<PortRange> ports) {
  std::sort(ports.begin(), ports.end());
  unsigned next = range.first;
  for (const PortRange& one : ports)
    if (one.first <= next && next <= one.last) next = one.last + 1U;
  return next > range.last;
}

// Prefixes of one family without a gap between the first address and the last.
bool is_everyone(const std::vector<Prefix>& parts) {
  const AddressSet set(parts);
  const auto prefixes = set.prefixes();
  if (prefixes.size() < 2) return false;  // one alone is literally open
  const Family family = prefixes.front().base.family;
  IpAddress expected{0, 0, family};
  for (const Prefix& prefix : prefixes) {
    if (prefix.base != expected) return false;
    expected = after(prefix);
  }
  return expected == IpAddress{0, 0, family};  // beyond the last address comes the first
}

// Whom the rules that are not open let in with one kind of packet.
struct Parts {
  std::vector<Prefix> ranges;
  const SecurityGroupRule* last = nullptr;  // never null where there are ranges
};

Parts parts_of(const SecurityGroup& group, TrafficKind kind, Family family, const Inspection& inspection) {
  Parts parts;
  for (const SecurityGroupRule& rule : group.ingress) {
    if (std::holds_alternative<GroupReference>(rule.peer) || is_open(rule)) continue;
    if (!compile_traffic(rule.traffic).matches(kind)) continue;
    for (const Prefix& range : inspection.index().peers(rule.peer))
      if (range.base.family == family) {
        parts.ranges.push_back(range);
        parts.last = &rule;
      }
  }
  return parts;
}

}  // namespace

bool is_open(const SecurityGroupRule& rule) noexcept { return open_prefix(rule) != nullptr; }

void report_open_ports(const SecurityGroup& group, const OpenPorts& wanted, Inspection& inspection) {
  for (const SecurityGroupRule& rule : group.ingress) {
    const Prefix* everyone = open_prefix(rule);
    if (everyone == nullptr || !(everyone->base.family == Family::ipv4 ? wanted.ipv4 : wanted.ipv6)) continue;
    const std::string ports = included(rule.traffic, wanted);
    if (!ports.empty())
      inspection.report(group, Direction::ingress, rule,
                        "lets " + to_string(*everyone) + " in to port" +
                            (ports.find_first_of(",-") == std::string::npos ? " " : "s ") + ports);
  }
}

bool report_other_open_ports(const SecurityGroup& group, const std::vector<PortRange>& tcp,
                             const std::vector<PortRange>& udp, Inspection& inspection) {
  bool open = false;
  for (const SecurityGroupRule& rule : group.ingress) {
    const Prefix* everyone = open_prefix(rule);
    if (everyone == nullptr) continue;
    open = true;
    const auto& protocol = rule.traffic.protocol;
    if (protocol && !has_ports(*protocol)) continue;  // opens no port
    if (protocol && are_authorized(rule.traffic.ports, *protocol == Protocol::tcp ? tcp : udp)) continue;
    inspection.report(group, Direction::ingress, rule,
                      "lets " + to_string(*everyone) + " in to " + describe(rule.traffic) +
                          ", which is not all authorized");
  }
  return open;
}

const SecurityGroupRule* open_to_all_ports(const SecurityGroup& group) noexcept {
  const auto found =
      std::find_if(group.ingress.begin(), group.ingress.end(), [](const SecurityGroupRule& rule) {
        const auto& protocol = rule.traffic.protocol;
        return is_open(rule) && (!protocol || (has_ports(*protocol) && rule.traffic.ports.is_all()));
      });
  return found == group.ingress.end() ? nullptr : &*found;
}

void report_open_entries(const NetworkAcl& acl, const std::vector<std::uint16_t>& tcp_ports,
                         Inspection& inspection) {
  std::map<const NetworkAclEntry*, std::vector<std::uint16_t>> found;  // which entry opens which ports
  const auto look = [&](Family family, std::optional<std::uint16_t> port) {
    const NetworkAclEntry* decides = nullptr;
    for (const NetworkAclEntry& entry : acl.ingress) {
      const auto& protocol = entry.traffic.protocol;
      const bool speaks =
          !protocol || (port && *protocol == Protocol::tcp && entry.traffic.ports.contains(*port));
      if (speaks && entry.cidr.base.family == family && entry.cidr.is_open() &&
          (decides == nullptr || entry.number < decides->number))
        decides = &entry;
    }
    if (decides == nullptr || decides->action == Action::deny) return;
    std::vector<std::uint16_t>& ports = found[decides];
    if (port) ports.push_back(*port);
  };
  for (const Family family : {Family::ipv4, Family::ipv6}) {
    for (const std::uint16_t port : tcp_ports) look(family, port);
    if (tcp_ports.empty()) look(family, std::nullopt);
  }
  for (const NetworkAclEntry& entry : acl.ingress)
    if (const auto one = found.find(&entry); one != found.end())
      inspection.report(acl, Direction::ingress, entry,
                        "lets " + to_string(entry.cidr) + " in to " + ports_text(one->second));
}

// For every range of traffic that the rules can tell apart: do those that are not open add up to everyone?
bool find_open_by_halves(const SecurityGroup& group, Inspection& inspection) {
  for (const Family family : {Family::ipv4, Family::ipv6}) {
    Cuts cuts;
    for (const SecurityGroupRule& rule : group.ingress) cuts.at(compile_traffic(rule.traffic));
    const Prefix everyone = make_prefix({0, 0, family}, 0);
    for (const Cell& cell : cuts.cells(compile_traffic({}), everyone)) {
      const Parts parts =
          can_occur(cell.kind, family) ? parts_of(group, cell.kind, family, inspection) : Parts{};
      if (!is_everyone(parts.ranges)) continue;
      inspection.report(group, Direction::ingress, *parts.last,
                        "together with other rules of the group lets every address in: " +
                            std::to_string(parts.ranges.size()) + " ranges are " + to_string(everyone) +
                            " between them");
      break;  // one for each family
    }
  }
  return true;
}

}  // namespace vpcwall
