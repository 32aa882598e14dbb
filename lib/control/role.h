// What somebody may ask the daemon for. Each verb of the control socket needs one role, see request_verbs.
// Any thread; values.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string_view>

namespace vpcwall {

enum class Role : std::uint8_t {
  view,     // see what the daemon knows
  change,   // bring another policy into force, or try one
  confirm,  // keep a policy that waits to be confirmed
  debug,    // have the daemon do more for packets, to look at them
};
inline constexpr std::size_t role_count = 4;
inline constexpr std::array<std::string_view, role_count> role_names{"view", "change", "confirm", "debug"};

[[nodiscard]] constexpr std::string_view to_string(Role role) noexcept {
  return role_names[static_cast<std::size_t>(role)];
}

class RoleSet {
 public:
  constexpr RoleSet() = default;
  constexpr RoleSet(std::initializer_list<Role> roles) {
    for (const Role role : roles) add(role);
  }
  [[nodiscard]] static constexpr RoleSet all() noexcept {
    return {Role::view, Role::change, Role::confirm, Role::debug};
  }

  constexpr void add(Role role) noexcept { bits_ |= 1U << static_cast<unsigned>(role); }
  constexpr RoleSet& operator|=(RoleSet other) noexcept {
    bits_ |= other.bits_;
    return *this;
  }
  // Who has any role may also view.
  [[nodiscard]] constexpr bool has(Role role) const noexcept {
    return role == Role::view ? bits_ != 0 : (bits_ & (1U << static_cast<unsigned>(role))) != 0;
  }
  [[nodiscard]] constexpr bool empty() const noexcept { return bits_ == 0; }
  friend constexpr bool operator==(RoleSet, RoleSet) = default;

 private:
  unsigned bits_ = 0;
};

}  // namespace vpcwall
