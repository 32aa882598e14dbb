#include "policy/identity.h"

#include <algorithm>
#include <array>
#include <cstdint>

namespace vpcwall {
namespace {

constexpr std::size_t max_id_digits = 40;

std::string id_from(std::string_view kind, std::string_view content) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::array<char, 16> hex{};
  std::uint64_t digest = digest_of_name(content);
  for (auto digit = hex.rbegin(); digit != hex.rend(); ++digit, digest >>= 4U) *digit = digits[digest & 15U];
  return std::string(kind) + "-0" + std::string(hex.data(), hex.size());
}

std::string traffic_identity(const Traffic& traffic) {
  if (!traffic.protocol) return "all";
  std::string text = to_string(*traffic.protocol);
  if (has_ports(*traffic.protocol)) {
    text += ' ' + to_string(traffic.ports);
  } else if (is_icmp(*traffic.protocol)) {
    text += ' ' + (traffic.icmp_type ? std::to_string(*traffic.icmp_type) : "all");
    text += '/' + (traffic.icmp_code ? std::to_string(*traffic.icmp_code) : "all");
  }
  return text;
}

}  // namespace

// FNV-1a.
std::uint64_t digest_of_name(std::string_view name) noexcept {
  std::uint64_t digest = 0xcbf29ce484222325U;
  for (const char character : name) {
    digest ^= static_cast<unsigned char>(character);
    digest *= 0x100000001b3U;
  }
  return digest;
}

std::string derive_id(std::string_view kind, std::string_view name) {
  return id_from(kind, std::string(kind) + '\n' + std::string(name));
}

std::string peer_identity(const Peer& peer) {
  if (const auto* prefix = std::get_if<Prefix>(&peer)) return to_string(*prefix);
  if (const auto* group = std::get_if<GroupReference>(&peer)) return group->id;
  return std::get<PrefixListReference>(peer).id;
}

std::string rule_identity(Direction direction, const Traffic& traffic, const Peer& peer) {
  const std::string side = direction == Direction::ingress ? "ingress " : "egress ";
  return side + traffic_identity(traffic) + ' ' + peer_identity(peer);
}

std::string derive_rule_id(std::string_view group_id, Direction direction, const Traffic& traffic,
                           const Peer& peer) {
  return id_from("sgr", std::string(group_id) + '\n' + rule_identity(direction, traffic, peer));
}

bool is_well_formed_id(std::string_view kind, std::string_view text) noexcept {
  if (text.size() < kind.size() + 2 || text.size() > kind.size() + 1 + max_id_digits) return false;
  if (text.substr(0, kind.size()) != kind || text[kind.size()] != '-') return false;
  const std::string_view digits = text.substr(kind.size() + 1);
  return std::all_of(digits.begin(), digits.end(), [](char digit) {
    return (digit >= '0' && digit <= '9') || (digit >= 'a' && digit <= 'f');
  });
}

}  // namespace vpcwall
