// How far a listing of all flows has come, part by part.
#pragma once

#include <cstddef>
#include <cstdint>
#include <unordered_set>

#include "flow/flow_hash.h"
#include "flow/flow_key.h"

namespace vpcwall {

struct FlowCursor {
  // Of one step: so long at most a worker waits for its shard.
  static constexpr std::uint32_t places_at_a_time = 2048;

  explicit FlowCursor(const FlowHash::Seed& seed) : waited(0, FlowHash(seed)) {}

  std::size_t bucket = 0;  // of those that wait for their worker
  bool all_waiting_seen = false;
  std::size_t shard = 0;
  std::uint32_t place = 0;  // in the shard
  // Those that waited when they were listed: a worker may have taken one over since, and lists it again.
  std::unordered_set<FlowKey, FlowHash> waited;
};

}  // namespace vpcwall
