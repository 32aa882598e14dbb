// The part of C++23's std::expected that this project uses; C++20 and g++ 12 lack it.
//
//   Expected<Packet, ParseError> packet = parse_packet(bytes);
//   if (!packet) return packet.error();
//   use(*packet);
//
// Value and error must be different types. Reading the wrong alternative is a precondition violation.
#pragma once

#include <utility>
#include <variant>

namespace vpcwall {

template <class E>
struct Unexpected {
  E error;
};
template <class E>
Unexpected(E) -> Unexpected<E>;

template <class T, class E>
class [[nodiscard]] Expected {
 public:
  // Implicit, as in the standard: `return value;` and `return Unexpected{error};` must both read naturally.
  Expected(T value) : state_(std::in_place_index<0>, std::move(value)) {}                    // NOLINT
  Expected(Unexpected<E> error) : state_(std::in_place_index<1>, std::move(error.error)) {}  // NOLINT

  [[nodiscard]] bool has_value() const noexcept { return state_.index() == 0; }
  explicit operator bool() const noexcept { return has_value(); }

  [[nodiscard]] T& operator*() noexcept { return *std::get_if<0>(&state_); }
  [[nodiscard]] const T& operator*() const noexcept { return *std::get_if<0>(&state_); }
  [[nodiscard]] T* operator->() noexcept { return std::get_if<0>(&state_); }
  [[nodiscard]] const T* operator->() const noexcept { return std::get_if<0>(&state_); }
  [[nodiscard]] const E& error() const noexcept { return *std::get_if<1>(&state_); }

 private:
  std::variant<T, E> state_;
};

}  // namespace vpcwall
