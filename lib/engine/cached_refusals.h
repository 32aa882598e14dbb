// The refusals of one shard that the kernel repeats by itself.
//
//   cached.remember(policy, question, decision, passage);    // after a packet was refused
//   cached.take_over(64, generation);  cached.reclaim();     // between bursts
//
// A refusal is remembered when it would be the same for every packet with the same destination, destination
// port, protocol and way, whatever its source port and flags: the gates up to the one that refused looked at
// rules only, not at state. Where not even its source address was looked at, it stands for every source that
// is no service: a flood with forged sources is answered by one record. Packets of a tuple that may have a
// flow are never answered from here (FlowPresence), so this says nothing about state. One owner, the shard's
// worker.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "engine/counters.h"
#include "engine/evaluate.h"
#include "engine/passage.h"
#include "fast_path/fast_path.h"
#include "fast_path/records.h"

namespace vpcwall {

// The sources that may be judged otherwise than the rest of the world by something that is no rule: the VPC
// itself, exempt services, this host. Nothing when there are more than the kernel program takes.
[[nodiscard]] std::optional<std::vector<Prefix>> services_of(const CompiledPolicy& policy);

class CachedRefusals {
 public:
  CachedRefusals(FastPath& fast_path, Places::Owner owner, Counters& counters);

  void remember(const CompiledPolicy& policy, const Question& question, const Decision& decision,
                const Passage& passage);

  // Adds what the next `budget` records counted to the rules; those of another generation go. True after the
  // last one of all.
  bool take_over(std::size_t budget, std::uint64_t generation);
  // Frees the places of which the kernel has let go.
  void reclaim();

  [[nodiscard]] std::size_t size() const noexcept { return records_.size(); }

 private:
  // What the kernel needs not know of a record.
  struct Kept {
    JudgedGates gates;
    Count counted;
  };
  using Held = Records<Kept>::Held;

  [[nodiscard]] fast_path::refusal_record& record(const Held& held) const noexcept {
    return fast_path_.memory().refusals[held.place];
  }
  [[nodiscard]] bool is_known(const fast_path::refusal_key& key, std::uint64_t hash) const;
  void take_over(Held& held);
  void retire(Held& held);
  void make_room(std::uint64_t hash);

  FastPath& fast_path_;
  Places& places_;
  Places::Owner owner_;
  Counters& counters_;
  Records<Kept> records_;
};

}  // namespace vpcwall
