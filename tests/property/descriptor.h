// A run in its smallest parts: each descriptor adds one thing to a policy or one step to a run.
//
// A descriptor is a kind and fifteen small numbers, and every combination of numbers means something. So a
// run can be made at random, shrunk by leaving parts out and making numbers smaller, and read from any bytes.
// Zero is always the simplest choice. Values; any thread.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <iosfwd>
#include <span>
#include <vector>

namespace vpcwall::property {

enum class Kind : std::uint8_t {
  // parts of the policy, wherever they stand
  setting,
  interface,
  rule,
  entry,       // of a network ACL
  list_entry,  // of a prefix list
  // steps, in their order
  packet,
  conversation,  // a packet and some that follow it
  follow_up,     // of an earlier packet: its reply, or one more like it
  icmp_error,    // about an earlier packet
  wait,
  reload,
};
inline constexpr unsigned kind_count = 11;
[[nodiscard]] constexpr bool is_policy_part(Kind kind) noexcept { return kind <= Kind::list_entry; }

struct Descriptor {
  static constexpr std::size_t size = 15;
  Kind kind = Kind::setting;
  std::array<std::uint8_t, size> numbers{};
  friend bool operator==(const Descriptor&, const Descriptor&) = default;
};
using Descriptors = std::vector<Descriptor>;
std::ostream& operator<<(std::ostream& out, const Descriptor& descriptor);

// The numbers of a descriptor, one after the other; zeros when there are no more.
class Choices {
 public:
  explicit Choices(const Descriptor& descriptor, std::size_t first = 0) noexcept
      : numbers_(descriptor.numbers), next_(first) {}

  [[nodiscard]] std::uint8_t number() noexcept { return next_ < numbers_.size() ? numbers_[next_++] : 0; }
  // From 0 to `count` - 1; 0 when `count` is 0.
  [[nodiscard]] unsigned below(std::size_t count) noexcept {
    const unsigned value = number();
    return count == 0 ? 0 : value % static_cast<unsigned>(count);
  }
  // True for one number in `count`, never for zero.
  [[nodiscard]] bool one_in(unsigned count) noexcept { return below(count) + 1 == count; }
  template <class Range>
  [[nodiscard]] const auto& of(const Range& values) noexcept {
    return values[below(std::size(values))];
  }

 private:
  std::span<const std::uint8_t, Descriptor::size> numbers_;
  std::size_t next_;
};

// Sixteen bytes each: the kind, then the numbers. Bytes that are left over are not looked at.
[[nodiscard]] Descriptors descriptors_of(std::span<const std::uint8_t> bytes);
[[nodiscard]] std::vector<std::uint8_t> bytes_of(const Descriptors& descriptors);

}  // namespace vpcwall::property
