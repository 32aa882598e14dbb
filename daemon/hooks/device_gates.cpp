#include "daemon/hooks/device_gates.h"

#include <utility>

namespace vpcwall {
namespace {

// The kernel lets a device have a name of almost any bytes; logs and terminals take printable ones.
std::string shown(std::string name) {
  for (char& c : name)
    if (c <= ' ' || c > '~') c = '?';
  return name;
}

bool takes_frames(const Link& link) noexcept {
  return link.kind == "macvlan" || link.kind == "macvtap" || link.kind == "ipvlan" || link.kind == "ipvtap";
}

// Why packets of the device meet no IP hook under its name; empty: they do.
std::string why_closed(const Link& link, std::uint32_t index, const Links& links) {
  if (link.master != 0) {
    const auto master = links.find(link.master);
    const std::string kind = master == links.end() ? "" : master->second.kind;
    const std::string name = master == links.end() ? std::to_string(link.master) : shown(master->second.name);
    if (kind != "vrf") return "is a port of " + (kind.empty() ? "" : kind + ' ') + name;
  }
  for (const auto& [number, other] : links)
    if (other.parent == index && takes_frames(other) && other.address == link.address)
      return "shares its address with " + other.kind + ' ' + shown(other.name);
  return {};
}

std::string why_shared(std::uint32_t index, const Links& links, bool further_addresses) {
  for (const auto& [number, other] : links)
    if (other.parent == index && takes_frames(other))
      return other.kind + ' ' + shown(other.name) + " is on top of it";
  return further_addresses ? "a device on top of it is in another namespace" : "";
}

}  // namespace

DeviceGates device_gates(const HookPlan& plan, const Links& links,
                         const std::set<std::uint32_t>& with_further_addresses) {
  DeviceGates found;
  const bool closes = plan.mode == HookMode::host && !plan.fail_open;
  for (std::size_t i = 0; i < plan.device_indexes.size(); ++i) {
    const std::uint32_t index = plan.device_indexes[i];
    const auto at = links.find(index);
    if (at == links.end()) continue;
    const Link& link = at->second;
    const std::string closed = why_closed(link, index, links);
    const std::string shared = why_shared(index, links, with_further_addresses.contains(index));
    if (!closed.empty())
      found.notes.push_back({shown(link.name), closes ? "closed" : "unjudged", closed});
    else if (!shared.empty())
      found.notes.push_back({shown(link.name), closes ? "shared" : "unjudged", shared});
    if (closes && link.is_ethernet)
      found.gates.push_back({link.name, index, link.address, !shared.empty(), closed});
  }
  return found;
}

}  // namespace vpcwall
