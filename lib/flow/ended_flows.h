// Which flows have ended since a moment, in memory that outlives the process: so that a copy of the flows
// from that moment brings none of them back.
//
//   EndedFlows ended({first, second}, seed);      // two sets, each in memory of the caller
//   ended.note(key);                              // in both, when a flow ends
//   ended.forget(1);                              // the second one begins anew, just before a copy is made
//   ended.may_have_ended(0, key)                  // of the process after it
//
// A filter: it never forgets a flow that has ended, and with a small probability takes another one for it,
// which grows with how many ended (1 million: 1 in 2,000). So nothing has to be written out and no limit can
// be met: noting costs one line of memory for each set, whatever happens. Two sets, because the older copy
// counts until the newer one is on the disk.
//
// Keys are compared without the interface, whose number is another one in the next process. note() from any
// thread, also beside the others. A flow whose end was noted before forget() must be seen as ended by a copy
// that begins after it: whoever notes holds the lock under which the copy is made.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "flow/flow_hash.h"
#include "flow/flow_key.h"

namespace vpcwall {

class EndedFlows {
 public:
  static constexpr std::size_t words = std::size_t{1} << 19U;  // of a set: 4 MiB
  using Set = std::span<std::uint64_t>;

  // Each set has `words` words, at the beginning of a page. `seed` belongs to what stands in them.
  EndedFlows(const std::array<Set, 2>& sets, const FlowHash::Seed& seed) noexcept
      : sets_(sets), hash_(seed) {}

  void note(const FlowKey& key) const noexcept;
  [[nodiscard]] bool may_have_ended(std::size_t set, const FlowKey& key) const noexcept;
  void forget(std::size_t set) const noexcept;

 private:
  [[nodiscard]] std::uint64_t hash(FlowKey key) const noexcept {
    key.interface = 0;
    return hash_(key);
  }

  std::array<Set, 2> sets_;
  FlowHash hash_;
};

}  // namespace vpcwall
