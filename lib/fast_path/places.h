// Where records of a cache stand: a hash table of fixed size that the kernel reads while workers change it.
//
//   Places places(buckets, mask);
//   std::optional<std::uint32_t> place = places.claim(hash, owner);  // mine, and nobody can find it yet
//   ... fill the record at *place ...
//   places.publish(*place, hash);                                    // found from now on
//   places.free(*place);                                             // somebody may claim it
//
// A record stands in one of the `ways` places of its hash's bucket; a full bucket takes no more, so nothing
// is ever unbounded or moved. A place belongs to the worker that claimed it until that worker frees it, and
// free() must wait until the kernel has stopped looking (grace_periods.h). Any worker may claim; only the
// owner may publish and free.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>

#include "fast_path/layout.h"
#include "fast_path/program.h"

namespace vpcwall {

class Places {
 public:
  using Owner = std::uint16_t;  // a worker's number
  static constexpr Owner nobody = 0xffff;

  // `buckets.size()` is a power of two.
  explicit Places(std::span<fast_path::bucket> buckets)
      : buckets_(buckets), owners_(std::make_unique<std::atomic<Owner>[]>(buckets.size() * fast_path::ways)) {
    for (std::size_t place = 0; place < size(); ++place) owners_[place] = nobody;
  }

  [[nodiscard]] std::size_t size() const noexcept { return buckets_.size() * fast_path::ways; }
  [[nodiscard]] std::uint32_t mask() const noexcept {
    return static_cast<std::uint32_t>(buckets_.size()) - 1;
  }

  // The first place of `owner` that `hash` may mean and for which `is_meant(place)`.
  template <class IsMeant>
  [[nodiscard]] std::optional<std::uint32_t> find(std::uint64_t hash, Owner owner, IsMeant&& is_meant) const {
    const std::uint32_t first = first_place(hash);
    for (std::uint32_t place = first; place < first + fast_path::ways; ++place)
      if (word(place).load(std::memory_order_acquire) == fast_path::fingerprint_of(hash) &&
          owner_of(place) == owner && is_meant(place))
        return place;
    return std::nullopt;
  }

  [[nodiscard]] std::optional<std::uint32_t> claim(std::uint64_t hash, Owner owner) noexcept {
    const std::uint32_t first = first_place(hash);
    for (std::uint32_t place = first; place < first + fast_path::ways; ++place) {
      std::uint32_t expected = empty;
      if (!word(place).compare_exchange_strong(expected, claimed, std::memory_order_acq_rel)) continue;
      owners_[place].store(owner, std::memory_order_relaxed);
      return place;
    }
    return std::nullopt;
  }
  void publish(std::uint32_t place, std::uint64_t hash) noexcept {
    word(place).store(fast_path::fingerprint_of(hash), std::memory_order_release);
  }
  void free(std::uint32_t place) noexcept {
    owners_[place].store(nobody, std::memory_order_relaxed);
    word(place).store(empty, std::memory_order_release);
  }

  // Whether a claim for `hash` would find no place; of such a bucket, calls `visit(place)` for those of
  // `owner`.
  [[nodiscard]] bool is_full(std::uint64_t hash) const noexcept {
    const std::uint32_t first = first_place(hash);
    for (std::uint32_t place = first; place < first + fast_path::ways; ++place)
      if (word(place).load(std::memory_order_relaxed) == empty) return false;
    return true;
  }
  template <class Visit>
  void visit(std::uint64_t hash, Owner owner, Visit&& visit) const {
    const std::uint32_t first = first_place(hash);
    for (std::uint32_t place = first; place < first + fast_path::ways; ++place)
      if (owner_of(place) == owner) visit(place);
  }

 private:
  // Fingerprints are odd.
  static constexpr std::uint32_t empty = 0, claimed = 2;

  [[nodiscard]] std::uint32_t first_place(std::uint64_t hash) const noexcept {
    return fast_path::bucket_of(hash, mask()) * fast_path::ways;
  }
  [[nodiscard]] std::atomic_ref<std::uint32_t> word(std::uint32_t place) const noexcept {
    return std::atomic_ref(buckets_[place / fast_path::ways].fingerprint[place % fast_path::ways]);
  }
  [[nodiscard]] Owner owner_of(std::uint32_t place) const noexcept {
    return owners_[place].load(std::memory_order_relaxed);
  }

  std::span<fast_path::bucket> buckets_;
  std::unique_ptr<std::atomic<Owner>[]> owners_;
};

}  // namespace vpcwall
