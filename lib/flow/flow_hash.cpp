#include "flow/flow_hash.h"

#include <bit>

namespace vpcwall {
namespace {

std::uint64_t fold(std::uint64_t a, std::uint64_t b) noexcept {
  __extension__ using Wide = unsigned __int128;
  const Wide product = static_cast<Wide>(a) * b;
  return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64U);
}

}  // namespace

// An odd multiplier never folds a word to zero by itself.
FlowHash::FlowHash(const Seed& seed) noexcept
    : seed_{seed[0] | 1U, seed[1] | 1U, seed[2] | 1U, seed[3] | 1U} {}

std::uint64_t FlowHash::operator()(const FlowKey& key) const noexcept {
  const auto words = std::bit_cast<std::array<std::uint64_t, 6>>(key);
  const std::uint64_t first = fold(words[0] ^ seed_[0], words[1] ^ seed_[1]);
  const std::uint64_t second = fold(words[2] ^ seed_[1], words[3] ^ seed_[2]);
  const std::uint64_t third = fold(words[4] ^ seed_[2], words[5] ^ seed_[3]);
  return fold(first ^ seed_[3], (second + third) ^ seed_[0]) ^ third;
}

}  // namespace vpcwall
