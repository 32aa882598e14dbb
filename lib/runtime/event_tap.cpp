#include "runtime/event_tap.h"

#include <algorithm>
#include <utility>

namespace vpcwall {

EventTap::EventTap(std::size_t workers, std::size_t capacity) : capacity_(capacity) {
  for (std::size_t i = 0; i < workers; ++i) rings_.emplace_back(std::in_place);
}

void EventTap::enable() {
  if (enabled()) return;
  for (Guarded<Ring>& guarded : rings_) {
    std::vector<Event> room;
    room.reserve(capacity_);  // no worker waits for memory
    guarded.with([&room](Ring& ring) {
      ring.events.swap(room);
      ring.oldest = 0;
      ring.open = true;
    });
  }
  enabled_.store(true, std::memory_order_relaxed);
}

void EventTap::disable() {
  enabled_.store(false, std::memory_order_relaxed);
  for (Guarded<Ring>& guarded : rings_) {
    std::vector<Event> forgotten;  // destroyed without the lock: it may hold the last of an old policy
    guarded.with([&forgotten](Ring& ring) {
      ring.open = false;
      ring.events.swap(forgotten);
    });
  }
}

void EventTap::record(std::size_t worker, const Expected<Packet, ParseError>& packet,
                      const Decision& decision, const std::shared_ptr<const CompiledPolicy>& policy,
                      TimePoint at) {
  rings_.at(worker).with([&](Ring& ring) {
    if (!ring.open) return;
    // Numbered under the lock: see read().
    Event event{next_.fetch_add(1, std::memory_order_relaxed), at, packet, decision, policy};
    if (ring.events.size() < capacity_) {
      ring.events.push_back(std::move(event));
      return;
    }
    ring.events[ring.oldest] = std::move(event);
    ring.oldest = (ring.oldest + 1) % capacity_;
  });
}

EventTap::Reading EventTap::read(std::uint64_t since, std::size_t limit) const {
  // Whoever took a number below `end` held the lock of its ring until the event was there. So each of them is
  // found below or was overwritten, and no number is passed over because its worker was slow.
  const std::uint64_t end = next();
  Reading reading;
  reading.next = std::min(since, end);
  if (since >= end || limit == 0) return reading;

  for (const Guarded<Ring>& ring : rings_) copy(ring, since, end, limit, reading.events);
  const auto earlier = [](const Event& a, const Event& b) { return a.sequence < b.sequence; };
  std::sort(reading.events.begin(), reading.events.end(), earlier);
  const bool complete = reading.events.size() < limit;
  if (!complete)
    reading.events.erase(reading.events.begin() + static_cast<std::ptrdiff_t>(limit), reading.events.end());
  reading.next = complete ? end : reading.events.back().sequence + 1;
  reading.missed = reading.next - since - reading.events.size();
  return reading;
}

void EventTap::copy(const Guarded<Ring>& ring, std::uint64_t since, std::uint64_t end, std::size_t limit,
                    std::vector<Event>& into) {
  for (std::size_t copied = 0; copied < limit;) {
    const std::size_t most = std::min(piece, limit - copied);
    if (into.capacity() < into.size() + most)  // not under the lock
      into.reserve(std::max(into.size() + most, 2 * into.capacity()));
    const std::size_t found = ring.read([&](const Ring& open) {
      const std::size_t first = open.first_from(since);
      const std::size_t last = std::min(open.first_from(end), first + most);
      for (std::size_t place = first; place < last; ++place) into.push_back(open.by_age(place));
      return last - first;
    });
    if (found == 0) return;
    copied += found;
    since = into.back().sequence + 1;
  }
}

const Event& EventTap::Ring::by_age(std::size_t place) const noexcept {
  return events[(oldest + place) % events.size()];
}

std::size_t EventTap::Ring::first_from(std::uint64_t sequence) const noexcept {
  std::size_t first = 0, last = events.size();
  while (first < last) {
    const std::size_t middle = first + (last - first) / 2;
    if (by_age(middle).sequence < sequence)
      first = middle + 1;
    else
      last = middle;
  }
  return first;
}

}  // namespace vpcwall
