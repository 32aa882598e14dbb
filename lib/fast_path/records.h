// What a worker knows of its own records besides what the kernel sees: one `Kept` for each.
//
//   auto& held = records.hold(place);            // after claim(), before publish()
//   records.retire(held);                        // the kernel was told; its place stays taken
//   records.reclaim([](auto& held) { … });       // frees what the kernel has let go of, after a last look
//   records.visit(64, [](auto& held) { … });     // the next 64, round and round
//
// Memory grows with the most records held at a time and is used again. One owner.
#pragma once

#include <cstdint>
#include <deque>
#include <utility>
#include <vector>

#include "fast_path/grace_periods.h"
#include "fast_path/places.h"

namespace vpcwall {

template <class Kept>
class Records {
 public:
  struct Held : Kept {
    std::uint32_t place = nil;
    bool retired = false;
    std::uint64_t ticket = 0;  // when retired
  };

  Records(Places& places, Places::Owner owner, GracePeriods& periods)
      : places_(places), owner_(owner), periods_(periods), held_at_(places.size(), nil) {}

  // Records that are not retired.
  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  // `place` is held.
  [[nodiscard]] Held& at(std::uint32_t place) { return held_[held_at_[place]]; }
  [[nodiscard]] const Held& at(std::uint32_t place) const { return held_[held_at_[place]]; }

  [[nodiscard]] Held& hold(std::uint32_t place) {
    if (unused_.empty()) {
      unused_.push_back(static_cast<std::uint32_t>(held_.size()));
      held_.emplace_back();
    }
    held_at_[place] = unused_.back();
    unused_.pop_back();
    Held& held = at(place);
    held = Held{};
    held.place = place;
    ++size_;
    return held;
  }

  // The kernel answers nothing from this record any more, save what is on its way right now.
  void retire(Held& held) {
    held.retired = true;
    held.ticket = periods_.request();
    retired_.push_back(held_at_[held.place]);
    --size_;
  }

  template <class LastLook>
  void reclaim(LastLook&& last_look) {
    while (!retired_.empty()) {
      Held& held = held_[retired_.front()];
      if (!periods_.passed(held.ticket)) return;
      last_look(held);
      const std::uint32_t place = std::exchange(held.place, nil);
      held_at_[place] = nil;
      unused_.push_back(retired_.front());
      retired_.pop_front();
      places_.free(place);
    }
  }

  // True after the last one of all; the next call begins anew.
  template <class Visitor>
  bool visit(std::size_t budget, Visitor&& visitor) {
    for (std::size_t count = 0; count < budget && next_ < held_.size(); ++count, ++next_)
      if (Held& held = held_[next_]; held.place != nil && !held.retired) visitor(held);
    if (next_ < held_.size()) return false;
    next_ = 0;
    return true;
  }
  template <class Visitor>
  void visit_all(Visitor&& visitor) {
    next_ = 0;
    visit(held_.size(), std::forward<Visitor>(visitor));
  }

  // Where a bucket is full: the own record in it for which `when(held)` is earliest, so that one at a time
  // makes room; null when there is still a place, or one of them is on its way out already.
  template <class When>
  [[nodiscard]] Held* quietest(std::uint64_t hash, When&& when) {
    if (!places_.is_full(hash)) return nullptr;
    Held* found = nullptr;
    bool under_way = false;
    places_.visit(hash, owner_, [&](std::uint32_t place) {
      Held& held = at(place);
      under_way = under_way || held.retired;
      if (found == nullptr || when(held) < when(*found)) found = &held;
    });
    return under_way ? nullptr : found;
  }

 private:
  static constexpr std::uint32_t nil = 0xffffffffU;

  Places& places_;
  Places::Owner owner_;
  GracePeriods& periods_;
  std::deque<Held> held_;
  std::vector<std::uint32_t> unused_;   // in held_
  std::vector<std::uint32_t> held_at_;  // by place
  std::deque<std::uint32_t> retired_;   // in held_, by ticket
  std::size_t next_ = 0;                // of held_, to be visited
  std::size_t size_ = 0;
};

}  // namespace vpcwall
