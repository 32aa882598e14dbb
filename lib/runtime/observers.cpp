#include "runtime/observers.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace vpcwall {

Observers::Observers(std::size_t workers) : Observers(workers, Sizes{}) {}

Observers::Observers(std::size_t workers, Sizes sizes) : workers_(std::max<std::size_t>(workers, 1)) {
  sizes_ = {std::max<std::size_t>(sizes.flows / workers_, 1),
            std::max<std::size_t>(sizes.events / workers_, 1)};
  for (Observer& observer : observers_)
    for (std::size_t i = 0; i < workers_; ++i) observer.cells.emplace_back(std::in_place);
}

std::optional<std::size_t> Observers::open(const DecisionFilter& filter, const CompiledPolicy& policy,
                                           const CounterSlots& slots) {
  const auto free = std::find_if(observers_.begin(), observers_.end(),
                                 [](const Observer& observer) { return !observer.is_open; });
  if (free == observers_.end()) return std::nullopt;
  const auto number = static_cast<std::size_t>(std::distance(observers_.begin(), free));
  free->is_open = true;
  free->filter = filter;
  free->numbers.store(0, std::memory_order_relaxed);
  const auto room = [this] {
    std::vector<ObservedChange> events;
    events.reserve(sizes_.events);
    return events;
  };
  free->spare = room();
  const auto bound = std::make_shared<const BoundFilter>(filter, policy, slots);
  for (Guarded<ObservationCell>& cell : free->cells) {
    ObservationCell fresh;  // no worker waits for memory
    fresh.open(bound, sizes_.flows, room());
    cell.with([&fresh](ObservationCell& closed) { std::swap(closed, fresh); });
  }
  open_.fetch_or(1U << number, std::memory_order_relaxed);
  return number;
}

void Observers::announce(const CompiledPolicy& policy, const CounterSlots& slots) {
  for (Observer& observer : observers_) {
    if (!observer.is_open) continue;
    const auto bound = std::make_shared<const BoundFilter>(observer.filter, policy, slots);
    for (Guarded<ObservationCell>& cell : observer.cells)
      cell.with([&bound](ObservationCell& open) {
        if (open.is_open()) open.announce(bound);
      });
  }
}

void Observers::stop(std::size_t observer) {
  open_.fetch_and(~(1U << observer), std::memory_order_relaxed);
  for (Guarded<ObservationCell>& cell : observers_.at(observer).cells)
    cell.with([](ObservationCell& open) { open.close(); });
}

void Observers::close(std::size_t observer) {
  stop(observer);
  Observer& closed = observers_.at(observer);
  for (Guarded<ObservationCell>& cell : closed.cells) {
    ObservationCell forgotten;  // destroyed without the lock: it may hold the last of an old policy
    cell.with([&forgotten](ObservationCell& open) { std::swap(open, forgotten); });
  }
  closed.spare = {};
  closed.late = {};
  closed.is_open = false;
}

std::size_t Observers::count() const noexcept {
  return static_cast<std::size_t>(std::popcount(open_.load(std::memory_order_relaxed)));
}

void Observers::note(std::size_t worker, const Expected<Packet, ParseError>& packet, const Decision& decision,
                     const std::shared_ptr<const CompiledPolicy>& policy, TimePoint at) {
  for (std::uint32_t left = open_.load(std::memory_order_relaxed); left != 0; left &= left - 1) {
    Observer& observer = observers_[static_cast<std::size_t>(std::countr_zero(left))];
    observer.cells[worker].with(
        [&](ObservationCell& cell) { cell.note(packet, decision, policy, at, observer.numbers); });
  }
}

Observers::Reading Observers::read(std::size_t number) {
  Observer& observer = observers_.at(number);
  // Whoever took a number below `end` held the lock of its cell until the event was there. So each of them is
  // found below or was found before; a later one may be found while an earlier one is not, and has to wait.
  const std::uint64_t end = observer.numbers.load(std::memory_order_relaxed);
  Reading reading;
  reading.changes = std::exchange(observer.late, {});
  for (Guarded<ObservationCell>& guarded : observer.cells) {
    guarded.with([&](ObservationCell& cell) { reading.missed += cell.take(observer.spare); });
    std::move(observer.spare.begin(), observer.spare.end(), std::back_inserter(reading.changes));
    observer.spare.clear();
  }
  std::sort(
      reading.changes.begin(), reading.changes.end(),
      [](const ObservedChange& a, const ObservedChange& b) { return a.event.sequence < b.event.sequence; });
  const auto late = std::find_if(reading.changes.begin(), reading.changes.end(),
                                 [end](const ObservedChange& one) { return one.event.sequence >= end; });
  observer.late.assign(std::make_move_iterator(late), std::make_move_iterator(reading.changes.end()));
  reading.changes.erase(late, reading.changes.end());
  return reading;
}

bool Observers::read_repeats(std::size_t observer, RepeatCursor& cursor, std::vector<Repeats>& into) {
  if (into.capacity() < into.size() + piece)  // not under the lock
    into.reserve(std::max(into.size() + piece, 2 * into.capacity()));
  const bool more = observers_.at(observer).cells.at(cursor.worker).with([&](ObservationCell& cell) {
    return cell.take_repeats(cursor.place, piece, into);
  });
  cursor.place += piece;
  if (more) return true;
  cursor = {cursor.worker + 1, 0};
  return cursor.worker < workers_;
}

std::uint64_t Observers::decided(std::size_t observer) const {
  std::uint64_t sum = 0;
  for (const Guarded<ObservationCell>& guarded : observers_.at(observer).cells)
    sum += guarded.read([](const ObservationCell& cell) { return cell.decided(); });
  return sum;
}

}  // namespace vpcwall
