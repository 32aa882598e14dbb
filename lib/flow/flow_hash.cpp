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

// Whatever the seed looks like, the constants it becomes have bits all over (the finaliser of splitmix64).
FlowHash::FlowHash(const Seed& seed) noexcept : seed_(seed) {
  std::uint64_t position = 0;
  for (std::uint64_t& word : seed_) {
    position += 0x9e3779b97f4a7c15U;
    word += position;
    word = (word ^ (word >> 30U)) * 0xbf58476d1ce4e5b9U;
    word = (word ^ (word >> 27U)) * 0x94d049bb133111ebU;
    word = (word ^ (word >> 31U)) | 1U;
  }
}

std::uint64_t FlowHash::operator()(const FlowKey& key) const noexcept {
  const auto words = std::bit_cast<std::array<std::uint64_t, 6>>(key);
  const std::uint64_t first = fold(words[0] ^ seed_[0], words[1] ^ seed_[1]);
  const std::uint64_t second = fold(words[2] ^ seed_[1], words[3] ^ seed_[2]);
  const std::uint64_t third = fold(words[4] ^ seed_[2], words[5] ^ seed_[3]);
  return fold(first ^ seed_[3], (second + third) ^ seed_[0]) ^ third;
}

}  // namespace vpcwall
