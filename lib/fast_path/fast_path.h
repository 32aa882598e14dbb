// The caches that let the kernel answer what was judged before, as all workers share them.
//
//   FastPath fast_path(memory);                  // that a kernel program reads or, in a test, does not
//   fast_path.begin_change();                    // control thread: nothing is answered from here...
//   fast_path.end_change(generation, services);  // ...until now, and only what was judged under it
//
// What keeps a cache from ever changing a verdict:
//  1. A record passes a packet only if control.generation is the record's. begin_change() comes before a new
//     policy is published, so no packet is answered by an older one after that (tests: FastPathCoherence).
//  2. A record says nothing but what evaluate() said of this very tuple, direction and pair of devices under
//     that policy, with the flows that then were (CachedFlows). A packet that could change more than
//     counters, idle time and the state of its flows is not answered: opening SYNs, anything but plain TCP
//     and UDP.
//  3. While a flow has a record, the record's state and times count, not the flow table's. Whoever is about
//     to look at a flow takes them over first (CachedFlows::settle).
//  4. State moves by compare-and-swap, and a retired record's state never moves: what retire() read is final.
//  5. Packets that a record has counted are added to the rules exactly once: in parts while it lives, the
//     rest when a grace period has passed since it was retired (GracePeriods), and only then its place is
//     free.
//  6. A refusal is answered only where FlowPresence says that the tuple has no flow, so it never speaks about
//     state (CachedRefusals).
//  7. Everything is of fixed size. A record that finds no place, or is taken out to make one, costs its
//     packets the way through the queue and nothing else.
//
// The kernel side must be x86-64: its order of loads and stores is relied on. begin_change(), end_change(),
// rest(), stand_still() belong to the control thread, the rest is for workers.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <span>

#include "base/time.h"
#include "fast_path/flow_presence.h"
#include "fast_path/grace_periods.h"
#include "fast_path/layout.h"
#include "fast_path/places.h"
#include "flow/flow_key.h"
#include "net/address.h"

namespace vpcwall {

struct FastPathMemory {
  fast_path::control* control = nullptr;
  std::span<fast_path::bucket> flow_buckets, refusal_buckets;  // powers of two
  std::span<fast_path::flow_record> flows;                     // `ways` for each bucket
  std::span<fast_path::refusal_record> refusals;
  std::span<std::uint8_t> presence;                             // a power of two
  std::array<std::uint32_t, fast_path::hash_words> hash_key{};  // secret: nobody can aim flows at one bucket
};

class FastPath {
 public:
  explicit FastPath(const FastPathMemory& memory);
  FastPath(const FastPath&) = delete;
  FastPath& operator=(const FastPath&) = delete;
  ~FastPath() = default;

  // NOLINTBEGIN(readability-make-member-function-const): they change what the kernel does
  void begin_change() noexcept;
  // `services`, at most most_services: no wildcard refusal answers a packet from there (CachedRefusals).
  void end_change(std::uint64_t generation, std::span<const Prefix> services) noexcept;
  // What rests is no longer remembered, and what was goes within two rounds of the workers (BurstFence).
  void rest(bool flows, bool refusals) noexcept;
  // For tests: the kernel's clock stands at `now`.
  void stand_still(TimePoint now) noexcept;
  // NOLINTEND(readability-make-member-function-const)

  // A flow is there: before the packet that opens it has its verdict. And there no longer. Any thread.
  void flow_came(const FlowKey& key) noexcept;
  void flow_left(const FlowKey& key) noexcept;

  [[nodiscard]] bool flows_rest() const noexcept { return flows_rest_.load(std::memory_order_relaxed); }
  [[nodiscard]] bool refusals_rest() const noexcept { return refusals_rest_.load(std::memory_order_relaxed); }

  [[nodiscard]] const FastPathMemory& memory() const noexcept { return memory_; }
  [[nodiscard]] const std::uint32_t* hash_key() const noexcept { return memory_.hash_key.data(); }
  [[nodiscard]] Places& flow_places() noexcept { return flow_places_; }
  [[nodiscard]] Places& refusal_places() noexcept { return refusal_places_; }
  [[nodiscard]] FlowPresence& presence() noexcept { return presence_; }
  [[nodiscard]] GracePeriods& grace_periods() noexcept { return grace_periods_; }

 private:
  FastPathMemory memory_;
  Places flow_places_, refusal_places_;
  FlowPresence presence_;
  GracePeriods grace_periods_;
  std::atomic<bool> flows_rest_{false}, refusals_rest_{false};
};

// The generation as records bear it: never 0, and never that of nothing.
[[nodiscard]] constexpr std::uint32_t generation_mark(std::uint64_t generation) noexcept {
  return static_cast<std::uint32_t>(generation % (VPCWALL_NOTHING_VALID - 1)) + 1;
}

}  // namespace vpcwall
