#include "reach/traffic_json.h"

#include "reach/witness.h"
#include "replay/packet_json.h"

namespace vpcwall {
namespace {

std::string numbers(unsigned first, unsigned last) {
  return first == last ? std::to_string(first) : std::to_string(first) + '-' + std::to_string(last);
}

nlohmann::ordered_json unnamed_numbers(const TrafficSpace& space) {
  std::vector<PortRange> ranges;
  for (const Protocol protocol : space.unnamed) {
    const auto number = static_cast<std::uint16_t>(protocol);
    ranges.push_back({number, number});
  }
  return ranges_json(joined(std::move(ranges)));
}

}  // namespace

nlohmann::ordered_json traffic_json(const TrafficSlice& slice, const TrafficSpace& space) {
  if (slice.unnamed) return {{"protocol", "other"}, {"numbers", unnamed_numbers(space)}};
  nlohmann::ordered_json json{{"protocol", to_string(slice.protocol)}};
  if (has_ports(slice.protocol)) json["ports"] = to_string(PortRange{slice.first, slice.last});
  if (!is_own_icmp(space.family, slice.protocol)) return json;
  json["type"] = numbers(slice.first / 256U, slice.last / 256U);
  json["code"] = numbers(slice.first % 256U, slice.last % 256U);
  return json;
}

nlohmann::ordered_json ranges_json(std::span<const AddressRange> ranges) {
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (const AddressRange& range : ranges) list.push_back(to_string(range));
  return list;
}

nlohmann::ordered_json ranges_json(std::span<const PortRange> ranges) {
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (const PortRange& range : ranges) list.push_back(to_string(range));
  return list;
}

nlohmann::ordered_json endpoint_json(const EndpointMap& endpoints, const Endpoint& endpoint) {
  nlohmann::ordered_json json{{"name", endpoint.name}, {"kind", to_string(endpoint.kind)}};
  if (!endpoint.id.empty()) json["id"] = endpoint.id;
  json["addresses"] = nlohmann::ordered_json::array();
  for (const Family family : {Family::ipv4, Family::ipv6})
    for (const AddressRange& range : endpoints.addresses(endpoint, family))
      json["addresses"].push_back(to_string(range));
  return json;
}

nlohmann::ordered_json witness_json(const Packet& request, const std::string& policy_file) {
  return {{"packet", to_json(request)}, {"explain", explain_command(request, policy_file)}};
}

}  // namespace vpcwall
