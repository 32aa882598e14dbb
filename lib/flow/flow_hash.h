// A keyed hash of flow keys: without the seed nobody can aim packets at one bucket.
//
// Multiply-and-fold over the six words of the key with secret constants. It is not a cryptographic hash; the
// seed never leaves the process and no hash value can be observed from outside. Any thread.
#pragma once

#include <array>
#include <bit>
#include <cstdint>

#include "flow/flow_key.h"

namespace vpcwall {

class FlowHash {
 public:
  using Seed = std::array<std::uint64_t, 4>;
  explicit FlowHash(const Seed& seed) noexcept;
  [[nodiscard]] std::uint64_t operator()(const FlowKey& key) const noexcept {
    const auto words = std::bit_cast<std::array<std::uint64_t, 6>>(key);
    const std::uint64_t first = fold(words[0] ^ seed_[0], words[1] ^ seed_[1]);
    const std::uint64_t second = fold(words[2] ^ seed_[1], words[3] ^ seed_[2]);
    const std::uint64_t third = fold(words[4] ^ seed_[2], words[5] ^ seed_[3]);
    return fold(first ^ seed_[3], (second + third) ^ seed_[0]) ^ third;
  }

 private:
  [[nodiscard]] static std::uint64_t fold(std::uint64_t a, std::uint64_t b) noexcept {
    __extension__ using Wide = unsigned __int128;
    const Wide product = static_cast<Wide>(a) * b;
    return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64U);
  }

  Seed seed_;
};

}  // namespace vpcwall
