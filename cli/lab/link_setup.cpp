#include "cli/lab/link_setup.h"

#include <algorithm>
#include <string_view>

namespace vpcwall {
namespace {

// Each end's link-local name on its own veth pair; the same on every pair.
struct NextHop {
  std::string_view router;
  std::string_view endpoint;
  std::string_view everywhere;
};
constexpr NextHop ipv4_hop{"169.254.0.1", "169.254.0.2", "0.0.0.0/0"};
constexpr NextHop ipv6_hop{"fe80::1", "fe80::2", "::/0"};

const NextHop& hop_of(Family family) noexcept { return family == Family::ipv4 ? ipv4_hop : ipv6_hop; }

void append_line(std::string& text, std::initializer_list<std::string_view> words) {
  std::string_view separator;
  for (const std::string_view word : words) {
    if (word.empty()) continue;
    text.append(separator).append(word);
    separator = " ";
  }
  text += '\n';
}

bool has_family(const std::vector<Prefix>& prefixes, Family family) {
  return std::any_of(prefixes.begin(), prefixes.end(),
                     [&](const Prefix& prefix) { return prefix.base.family == family; });
}

// Duplicate address detection would hold an IPv6 address back for a second, and there is nobody to collide
// with.
std::string_view no_detection(Family family) noexcept { return family == Family::ipv6 ? "nodad" : ""; }

void append_router_link(std::string& text, const LabEndpoint& endpoint) {
  const std::string_view device = endpoint.router_device;
  append_line(text, {"link add", device, "address", endpoint.router_mac, "type veth peer name",
                     endpoint_device, "address", endpoint.mac, "netns", endpoint.network_namespace});
  // The alias tells a reader, and a clean-up that lost its notes, which namespace is at the other end.
  append_line(text, {"link set", device, "alias", endpoint.network_namespace});
  append_line(text, {"link set", device, "up"});
  for (const IpAddress& address : endpoint.router_addresses) {
    append_line(
        text, {"address add", to_string(host_prefix(address)), "dev", device, no_detection(address.family)});
  }
  for (const Family family : {Family::ipv4, Family::ipv6}) {
    if (!has_family(endpoint.addresses, family)) continue;
    append_line(text, {"neighbour add", hop_of(family).endpoint, "lladdr", endpoint.mac, "dev", device,
                       "nud permanent"});
  }
  for (const Prefix& address : endpoint.addresses) {
    append_line(text, {"route add", to_string(address), "via", hop_of(address.base.family).endpoint, "dev",
                       device, "onlink"});
  }
}

}  // namespace

std::string namespace_commands(const LabPlan& plan) {
  std::string text;
  append_line(text, {"netns add", plan.router_namespace});
  for (const LabEndpoint& endpoint : plan.endpoints)
    append_line(text, {"netns add", endpoint.network_namespace});
  return text;
}

std::string router_commands(const LabPlan& plan) {
  std::string text;
  append_line(text, {"link set lo up"});
  for (const LabEndpoint& endpoint : plan.endpoints) append_router_link(text, endpoint);
  // A VPC address that no interface has goes nowhere; every other address is somewhere in the internet.
  for (const Prefix& range : plan.vpc_ranges) append_line(text, {"route add blackhole", to_string(range)});
  const LabEndpoint& internet = plan.endpoints.front();
  for (const Family family : {Family::ipv4, Family::ipv6}) {
    if (!has_family(internet.addresses, family)) continue;
    append_line(text, {"route add", hop_of(family).everywhere, "via", hop_of(family).endpoint, "dev",
                       internet.router_device, "onlink"});
  }
  return text;
}

std::string endpoint_commands(const LabEndpoint& endpoint) {
  std::string text;
  append_line(text, {"link set lo up"});
  append_line(text, {"link set", endpoint_device, "up"});
  for (const Prefix& address : endpoint.addresses) {
    if (address.is_host()) {
      append_line(text, {"address add", to_string(address), "dev", endpoint_device,
                         no_detection(address.base.family)});
    } else {
      // A delegated prefix: the endpoint answers for every address in it.
      append_line(text, {"route add local", to_string(address), "dev lo"});
    }
  }
  for (const Family family : {Family::ipv4, Family::ipv6}) {
    const auto first = std::find_if(endpoint.addresses.begin(), endpoint.addresses.end(),
                                    [&](const Prefix& prefix) { return prefix.base.family == family; });
    if (first == endpoint.addresses.end()) continue;
    const NextHop& hop = hop_of(family);
    append_line(text, {"neighbour add", hop.router, "lladdr", endpoint.router_mac, "dev", endpoint_device,
                       "nud permanent"});
    // Only an address of the device can be a preferred source; an endpoint with nothing but prefixes has
    // none.
    const std::string source = first->is_host() ? "src " + to_string(first->base) : "";
    append_line(text,
                {"route add", hop.everywhere, "via", hop.router, "dev", endpoint_device, "onlink", source});
  }
  return text;
}

std::vector<KernelSetting> endpoint_settings() {
  return {
      {"ipv4/conf/all/rp_filter", "0"},
      {"ipv4/conf/default/rp_filter", "0"},
      {"ipv4/ip_forward", "0"},
      {"ipv6/conf/all/disable_ipv6", "0", true},
      {"ipv6/conf/default/disable_ipv6", "0", true},
      {"ipv6/conf/default/addr_gen_mode", "1", true},  // no link-local address of its own
      {"ipv6/conf/default/accept_dad", "0", true},
      {"ipv6/conf/default/accept_ra", "0", true},
      {"ipv6/conf/default/autoconf", "0", true},
      {"ipv6/conf/default/router_solicitations", "0", true},
  };
}

std::vector<KernelSetting> router_settings() {
  std::vector<KernelSetting> settings = endpoint_settings();
  std::erase_if(settings, [](const KernelSetting& setting) { return setting.path == "ipv4/ip_forward"; });
  settings.insert(settings.end(), {
                                      {"ipv4/ip_forward", "1"},
                                      {"ipv4/conf/all/send_redirects", "0"},
                                      {"ipv4/conf/default/send_redirects", "0"},
                                      {"ipv6/conf/all/forwarding", "1", true},
                                      {"ipv6/conf/default/forwarding", "1", true},
                                  });
  return settings;
}

}  // namespace vpcwall
