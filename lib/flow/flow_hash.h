// A keyed hash of flow keys: without the seed nobody can aim packets at one bucket.
//
// Multiply-and-fold over the six words of the key with secret constants. It is not a cryptographic hash; the
// seed never leaves the process and no hash value can be observed from outside. Any thread.
#pragma once

#include <array>
#include <cstdint>

#include "flow/flow_key.h"

namespace vpcwall {

class FlowHash {
 public:
  using Seed = std::array<std::uint64_t, 4>;
  explicit FlowHash(const Seed& seed) noexcept;
  [[nodiscard]] std::uint64_t operator()(const FlowKey& key) const noexcept;

 private:
  Seed seed_;
};

}  // namespace vpcwall
