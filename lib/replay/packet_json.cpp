#include "replay/packet_json.h"

#include <algorithm>
#include <array>
#include <string_view>

namespace vpcwall {
namespace {

using nlohmann::json;
using nlohmann::ordered_json;

// Thrown inside this file only, so that every helper can say what is wrong where it sees it.
struct Wrong {
  std::string message;
};

constexpr std::array packet_keys{"protocol", "source",    "destination", "source_port", "destination_port",
                                 "flags",    "type",      "code",        "id",          "hop_limit",
                                 "length",   "truncated", "lost",        "quoted"};

std::uint32_t number(const json& object, const char* key, std::uint32_t fallback, std::uint32_t most) {
  const auto found = object.find(key);
  if (found == object.end()) return fallback;
  if (!found->is_number_unsigned() || found->get<std::uint64_t>() > most)
    throw Wrong{std::string("found ") + found->dump() + " for \"" + key + "\", expected a number from 0 to " +
                std::to_string(most)};
  return found->get<std::uint32_t>();
}

std::uint32_t required_number(const json& object, const char* key, std::uint32_t most) {
  if (!object.contains(key)) throw Wrong{std::string("\"") + key + "\" is missing"};
  return number(object, key, 0, most);
}

IpAddress address(const json& object, const char* key) {
  const auto found = object.find(key);
  if (found == object.end()) throw Wrong{std::string("\"") + key + "\" is missing"};
  const auto parsed = found->is_string() ? parse_address(found->get<std::string>()) : std::nullopt;
  if (!parsed) throw Wrong{"found " + found->dump() + " for \"" + key + "\", expected an IP address"};
  return *parsed;
}

Protocol protocol(const json& object) {
  const auto found = object.find("protocol");
  if (found == object.end()) throw Wrong{"\"protocol\" is missing"};
  if (found->is_string())
    if (const auto parsed = parse_protocol(found->get<std::string>())) return *parsed;
  if (found->is_number_unsigned() && found->get<std::uint64_t>() <= 255)
    return Protocol{found->get<std::uint8_t>()};
  throw Wrong{"found " + found->dump() +
              " for \"protocol\", expected tcp, udp, icmp, icmpv6 or a number from 0 to 255"};
}

TcpFlags flags(const json& object) {
  const auto found = object.find("flags");
  TcpFlags result;
  if (found == object.end()) return result;
  if (found->is_string()) {
    const std::string letters = found->get<std::string>();
    for (const char letter : letters) {
      switch (letter) {
        case 'S': result.syn = true; break;
        case 'A': result.ack = true; break;
        case 'F': result.fin = true; break;
        case 'R': result.rst = true; break;
        case 'P': result.psh = true; break;
        case 'U': result.urg = true; break;
        default: throw Wrong{"found " + found->dump() + " for \"flags\", expected letters of SAFRPU"};
      }
    }
    return result;
  }
  throw Wrong{"found " + found->dump() + " for \"flags\", expected letters of SAFRPU"};
}

bool flag(const json& object, const char* key) {
  const auto found = object.find(key);
  if (found == object.end()) return false;
  if (!found->is_boolean())
    throw Wrong{"found " + found->dump() + " for \"" + key + "\", expected true or false"};
  return found->get<bool>();
}

// How much of the transport header is said to be missing, if any of it is.
std::optional<Transport> damage(const json& object, Family family) {
  const bool cut = flag(object, "truncated");
  if (!flag(object, "lost")) return cut ? std::optional(Transport::cut) : std::nullopt;
  if (cut) throw Wrong{R"("truncated" and "lost" exclude each other)"};
  if (family == Family::ipv4) throw Wrong{"\"lost\" speaks of IPv6 extension headers, not of IPv4"};
  return Transport::lost;
}

// Protocol 1 is ICMP only under IPv4, 58 ICMPv6 only under IPv6 (S-66, N-19).
bool has_icmp_header(Protocol protocol, Family family) {
  return protocol == (family == Family::ipv4 ? Protocol::icmp : Protocol::icmpv6);
}

void require_object(const json& value, const char* what) {
  if (!value.is_object()) throw Wrong{"found " + value.dump().substr(0, 60) + ", expected " + what};
  for (const auto& [key, ignored] : value.items())
    if (std::find(packet_keys.begin(), packet_keys.end(), key) == packet_keys.end())
      throw Wrong{"unknown key \"" + key + "\" in " + what};
}

void require_one_family(const IpAddress& source, const IpAddress& destination) {
  if (source.family != destination.family)
    throw Wrong{"source " + to_string(source) + " and destination " + to_string(destination) +
                " are of different families"};
}

QuotedPacket read_quoted(const json& object) {
  require_object(object, "a quoted packet");
  QuotedPacket quoted;
  quoted.source = address(object, "source");
  quoted.destination = address(object, "destination");
  require_one_family(quoted.source, quoted.destination);
  quoted.protocol = protocol(object);
  if (const auto missing = damage(object, quoted.source.family)) {
    quoted.transport = *missing;
  } else if (has_ports(quoted.protocol)) {
    quoted.source_port = static_cast<std::uint16_t>(required_number(object, "source_port", 65535));
    quoted.destination_port = static_cast<std::uint16_t>(required_number(object, "destination_port", 65535));
    quoted.transport = Transport::whole;
  } else if (has_icmp_header(quoted.protocol, quoted.source.family)) {
    quoted.icmp_type = static_cast<std::uint8_t>(required_number(object, "type", 255));
    quoted.icmp_identifier = static_cast<std::uint16_t>(number(object, "id", 0, 65535));
    quoted.transport = Transport::whole;
  }
  return quoted;
}

void read_transport(const json& object, Packet& packet) {
  if (const auto missing = damage(object, packet.family())) {
    packet.transport = *missing;
    return;
  }
  if (has_ports(packet.protocol)) {
    packet.source_port = static_cast<std::uint16_t>(required_number(object, "source_port", 65535));
    packet.destination_port = static_cast<std::uint16_t>(required_number(object, "destination_port", 65535));
    packet.transport = Transport::whole;
    if (packet.protocol == Protocol::tcp) packet.tcp_flags = flags(object);
    return;
  }
  if (!has_icmp_header(packet.protocol, packet.family())) return;
  packet.transport = Transport::whole;
  packet.icmp_type = static_cast<std::uint8_t>(required_number(object, "type", 255));
  packet.icmp_code = static_cast<std::uint8_t>(number(object, "code", 0, 255));
  packet.icmp_identifier = static_cast<std::uint16_t>(number(object, "id", 0, 65535));
  if (object.contains("quoted")) {
    packet.quoted = read_quoted(object.at("quoted"));
    if (packet.quoted->source.family != packet.family())
      throw Wrong{"the quoted packet is of another family than the packet that quotes it"};
  }
}

std::string letters(TcpFlags flags) {
  std::string text;
  if (flags.syn) text += 'S';
  if (flags.ack) text += 'A';
  if (flags.fin) text += 'F';
  if (flags.rst) text += 'R';
  if (flags.psh) text += 'P';
  if (flags.urg) text += 'U';
  return text;
}

// What a packet and a quoted packet have in common, in the order in which people write it.
template <class Any>
ordered_json common_json(const Any& packet) {
  ordered_json json;
  const bool whole = packet.transport == Transport::whole;
  const bool ports = whole && has_ports(packet.protocol);
  if (has_ports(packet.protocol) || is_icmp(packet.protocol))
    json["protocol"] = to_string(packet.protocol);
  else
    json["protocol"] = static_cast<unsigned>(packet.protocol);
  json["source"] = to_string(packet.source);
  if (ports) json["source_port"] = packet.source_port;
  json["destination"] = to_string(packet.destination);
  if (ports) json["destination_port"] = packet.destination_port;
  if (packet.transport == Transport::cut) json["truncated"] = true;
  if (packet.transport == Transport::lost) json["lost"] = true;
  return json;
}

}  // namespace

ordered_json to_json(const Packet& packet) {
  ordered_json json = common_json(packet);
  if (packet.transport == Transport::whole) {
    if (packet.protocol == Protocol::tcp) json["flags"] = letters(packet.tcp_flags);
    if (is_icmp(packet.protocol)) {
      json["type"] = packet.icmp_type;
      json["code"] = packet.icmp_code;
      if (packet.icmp_identifier != 0) json["id"] = packet.icmp_identifier;
    }
  }
  json["hop_limit"] = packet.hop_limit;
  json["length"] = packet.length;
  if (packet.quoted) {
    auto& quoted = json["quoted"] = common_json(*packet.quoted);
    if (packet.quoted->transport == Transport::whole && is_icmp(packet.quoted->protocol)) {
      quoted["type"] = packet.quoted->icmp_type;
      if (packet.quoted->icmp_identifier != 0) quoted["id"] = packet.quoted->icmp_identifier;
    }
  }
  return json;
}

Expected<Packet, JsonMistake> read_packet(const json& object) {
  try {
    require_object(object, "a packet");
    Packet packet;
    packet.source = address(object, "source");
    packet.destination = address(object, "destination");
    require_one_family(packet.source, packet.destination);
    packet.protocol = protocol(object);
    packet.hop_limit = static_cast<std::uint8_t>(number(object, "hop_limit", 64, 255));
    packet.length = number(object, "length", 60, 16U << 20U);
    read_transport(object, packet);
    return packet;
  } catch (const Wrong& wrong) {
    return Unexpected{JsonMistake{wrong.message}};
  }
}

}  // namespace vpcwall
