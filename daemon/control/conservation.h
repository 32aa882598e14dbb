// Where every packet ended that the kernel's rules sent to the queues.
//
//   handed = judged + by_record + undecodable + queue_full + socket_full + abandoned + waiting + in_flight
//
// `judged` is what the engine decided one by one (malformed packets included), `by_record` what a worker let
// pass because its like was judged. What the fast path answered in the kernel was never handed over:
// `by_kernel`. `in_flight` is what moved between two readings, 0 once nothing does. Everything since the
// start of the process.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <span>

#include "engine/counters.h"
#include "runtime/packet_queue.h"

namespace vpcwall {

struct Conservation {
  std::uint64_t handed = 0, judged = 0, by_record = 0, undecodable = 0;
  std::uint64_t queue_full = 0, socket_full = 0, abandoned = 0, waiting = 0;
  std::uint64_t by_kernel = 0;
  std::int64_t in_flight = 0;
};

[[nodiscard]] Conservation conservation_of(std::span<const QueueStatistics> queues,
                                           std::span<const Counters* const> shards);
[[nodiscard]] nlohmann::ordered_json to_json(const Conservation& conservation);

}  // namespace vpcwall
