#include "fast_path/fast_path.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "fast_path/tuple.h"

namespace vpcwall {

FastPath::FastPath(const FastPathMemory& memory)
    : memory_(memory),
      flow_places_(memory.flow_buckets),
      refusal_places_(memory.refusal_buckets),
      presence_(memory.presence) {
  begin_change();
}

// NOLINTBEGIN(readability-make-member-function-const): they change what the kernel does
void FastPath::begin_change() noexcept {
  std::atomic_ref(memory_.control->generation).store(VPCWALL_NOTHING_VALID, std::memory_order_seq_cst);
}

void FastPath::end_change(std::uint64_t generation, std::span<const Prefix> services) noexcept {
  fast_path::control& control = *memory_.control;
  // A program may be between reading them and asking whether the generation is still the same, and the same
  // one may come back: then they have to be the same, too, at every moment.
  std::array<fast_path::service_prefix, fast_path::most_services> wanted{};
  std::uint32_t count = 0;
  for (const Prefix& prefix : services) {
    fast_path::service_prefix& service = wanted.at(count++);
    const PrefixMask mask = mask_of(prefix.length);
    const AddressWords base = words_of(prefix.base);
    const AddressWords bits = words_of({mask.high, mask.low, prefix.base.family});
    std::copy(std::begin(base.word), std::end(base.word), service.base);
    std::copy(std::begin(bits.word), std::end(bits.word), service.mask);
    service.family = prefix.base.family == Family::ipv4 ? 4 : 6;
  }
  const std::size_t bytes = count * sizeof wanted[0];
  if (control.service_count != count || std::memcmp(control.services, wanted.data(), bytes) != 0) {
    std::memcpy(control.services, wanted.data(), bytes);
    control.service_count = count;
  }
  std::atomic_ref(control.generation).store(generation_mark(generation), std::memory_order_seq_cst);
}

void FastPath::rest(bool flows, bool refusals) noexcept {
  flows_rest_.store(flows, std::memory_order_relaxed);
  refusals_rest_.store(refusals, std::memory_order_relaxed);
}

void FastPath::stand_still(TimePoint now) noexcept {
  fast_path::control& control = *memory_.control;
  std::atomic_ref(control.clock)
      .store(static_cast<std::uint64_t>(now.time_since_epoch().count()), std::memory_order_relaxed);
  std::atomic_ref(control.clock_stands).store(1, std::memory_order_release);
}
// NOLINTEND(readability-make-member-function-const)

void FastPath::flow_came(const FlowKey& key) noexcept {
  if (!has_ports(key.protocol)) return;
  const DirectedTuple directed = directed_tuple(key);
  presence_.add(fast_path::hash_tuple(&directed.tuple, hash_key()));
}

void FastPath::flow_left(const FlowKey& key) noexcept {
  if (!has_ports(key.protocol)) return;
  const DirectedTuple directed = directed_tuple(key);
  presence_.remove(fast_path::hash_tuple(&directed.tuple, hash_key()));
}

}  // namespace vpcwall
