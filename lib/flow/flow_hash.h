// A keyed hash of flow keys: without the seed nobody can aim packets at one bucket.
//
// Multiply-and-fold over the key as six words with secret constants. It is not a cryptographic hash; the seed
// never leaves the process and no hash value can be observed from outside. The words are put together here,
// not read from memory: what has just been written in small pieces is slow to read as a whole. Any thread.
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
    const std::uint64_t ends = std::uint64_t{key.local_port} << 48U | std::uint64_t{key.remote_port} << 32U |
                               std::uint64_t{key.interface};
    const std::uint64_t kind =
        static_cast<std::uint64_t>(key.protocol) << 8U | static_cast<std::uint64_t>(key.family);
    const std::uint64_t first = fold(key.local_high ^ seed_[0], key.local_low ^ seed_[1]);
    const std::uint64_t second = fold(key.remote_high ^ seed_[1], key.remote_low ^ seed_[2]);
    const std::uint64_t third = fold(ends ^ seed_[2], kind ^ seed_[3]);
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
