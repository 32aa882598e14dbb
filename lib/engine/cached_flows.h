// The flows of one shard that the kernel passes on by itself.
//
//   if (cached.passes(packet, passage, now)) …        // a packet that was queued before its record was there
//   cached.settle(packet);                            // before a packet is judged
//   cached.remember(policy, view, question, decision, passages);     // after, if it was accepted
//   cached.forget(key);                               // a flow leaves the table
//   cached.take_over(64);  cached.reclaim();          // between bursts
//
// A record holds both directions of one tuple: of each that evaluate() accepts whatever its flags, with the
// gates it met, so that what the kernel counts can be added to the very rules that let it pass. The rules
// that keep this exact are written down in fast_path/fast_path.h. One owner, the shard's worker.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "engine/counters.h"
#include "engine/evaluate.h"
#include "engine/passage.h"
#include "fast_path/fast_path.h"
#include "fast_path/records.h"
#include "fast_path/tuple.h"
#include "flow/flow_table.h"

namespace vpcwall {

class CachedFlows {
 public:
  CachedFlows(FastPath& fast_path, Places::Owner owner, FlowTable& flows, Counters& counters);

  // Does with the packet what the kernel would have done, had it found the record; false: it has to be
  // judged.
  [[nodiscard]] bool passes(const Packet& packet, const Passage& passage, TimePoint now);

  // Brings up to date what a decision about `packet` may look at, and takes its own flow out of the cache.
  // Not so where the decision is known to change no flow (the reply that an ACL refuses): then it answers
  // true, and forget() is due if the decision has effects all the same.
  bool settle(const Packet& packet);
  void remember(const CompiledPolicy& policy, FlowView view, const Question& question,
                const Decision& decision, const Passages& passages);
  void forget(const FlowKey& key) { forget(directed_tuple(key).tuple); }
  void forget(const Packet& packet) { forget(directed_tuple(packet).tuple); }

  // Takes over what the kernel knows of the flow. True when it has a record.
  bool take_over(const FlowKey& key);
  // When a flow of the table expires by what the kernel knows; nothing when that is not more.
  [[nodiscard]] std::optional<TimePoint> expiry(const FlowKey& key) const;
  // Takes over the next `budget` records; those of another generation go. True after the last one of all.
  bool take_over(std::size_t budget, std::uint64_t generation);
  // Takes over all of them; milliseconds when there are very many.
  void take_over_all(std::uint64_t generation);
  // Frees the places of which the kernel has let go.
  void reclaim();

  // Records that pass packets.
  [[nodiscard]] std::size_t size() const noexcept { return records_.size(); }

 private:
  // What the kernel needs not know of a record.
  struct Kept {
    struct Side {
      bool tracked = false;
      FlowKey key;
      FlowDirection first_end = FlowDirection::original;  // of what the tuple's first end sends
      FlowTimeouts timeouts;
      TimePoint opened_at;
    };
    std::uint32_t state = 0;  // as taken over
    std::array<Side, 2> sides;
    std::array<JudgedGates, 2> gates;  // by direction
    std::array<bool, 2> refused{};     // by direction: evaluate() refuses it, and changes no flow
    std::array<Count, 2> counted;      // by direction, as taken over
  };

  using Held = Records<Kept>::Held;

  [[nodiscard]] fast_path::flow_record& record(const Held& held) const noexcept {
    return fast_path_.memory().flows[held.place];
  }
  [[nodiscard]] Held* find(const fast_path::flow_tuple& tuple);
  [[nodiscard]] const Held* find(const fast_path::flow_tuple& tuple) const;
  [[nodiscard]] std::array<Count, 2> count_new(Held& held);
  void take_over(Held& held);
  void retire(Held& held);
  void renew(Held& held, std::uint32_t mark);
  void forget(const fast_path::flow_tuple& tuple);
  void make_room(std::uint64_t hash);
  [[nodiscard]] std::uint64_t last_packet(const Held& held) const noexcept;

  FastPath& fast_path_;
  Places& places_;
  Places::Owner owner_;
  FlowTable& flows_;
  Counters& counters_;
  Records<Kept> records_;
};

}  // namespace vpcwall
