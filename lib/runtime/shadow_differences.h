// What one worker has noted of the packets to which a candidate policy gives another verdict than the policy
// in force.
//
//   ShadowDifferences noted(1024, seed);
//   noted.note(difference);                    // the worker, for each such packet
//   noted.copy(from, 64, into);                // whoever reads: they stand in the order of their first
//   packet
//
// Packets of one protocol, from one address to another and one port of it (ICMP: of one type and code), whose
// verdict changes the same way are one difference: noted with the first of them, counted from then on. So
// bounded, whoever sends: a difference beyond `most` is counted as unlisted. Memory for all of them is there
// from the beginning, but for some bytes each. Not thread-safe: the shadow keeps a lock with it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <unordered_map>
#include <vector>

#include "base/time.h"
#include "engine/decision.h"
#include "flow/flow_hash.h"
#include "net/packet.h"
#include "policy/compiled_policy.h"

namespace vpcwall {

struct ShadowDifference {
  TimePoint at;  // of the first packet
  Packet packet;
  Decision live, candidate;
  std::shared_ptr<const CompiledPolicy> policy;  // that `live` was decided under
  std::uint64_t count = 1;                       // packets
};

// Equal for packets that are one difference. Not a flow, but made of the same parts and hashed with the same
// secret: nobody outside may choose what meets in one bucket.
[[nodiscard]] FlowKey key_of(const ShadowDifference& difference) noexcept;

class ShadowDifferences {
 public:
  ShadowDifferences(std::size_t most, const FlowHash::Seed& seed);

  void judged() noexcept { ++judged_; }
  void note(const ShadowDifference& difference);

  // Appends those at [from, from + most).
  void copy(std::size_t from, std::size_t most, std::vector<ShadowDifference>& into) const;
  [[nodiscard]] std::size_t size() const noexcept { return listed_.size(); }

  [[nodiscard]] std::uint64_t packets() const noexcept { return judged_; }
  [[nodiscard]] std::uint64_t differing() const noexcept { return differing_; }
  [[nodiscard]] std::uint64_t unlisted() const noexcept { return unlisted_; }

 private:
  std::size_t most_;
  std::vector<ShadowDifference> listed_;
  std::unordered_map<FlowKey, std::size_t, FlowHash> places_;
  std::uint64_t judged_ = 0, differing_ = 0, unlisted_ = 0;
};

}  // namespace vpcwall
