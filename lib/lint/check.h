// What a check is, and the one table of all checks.
//
// Ids are part of the interface: ours are VW and three digits and never change their meaning; those of AWS
// Config, Security Hub and Prowler are theirs. A check looks at one kind of object, at each in turn, and
// reports what it finds to the Inspection. A check that a policy file cannot answer has no function: it
// stands in the table so that nobody looks for it in vain, and says why. Immutable; any thread.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "policy/policy.h"

namespace vpcwall {

enum class CheckSeverity : std::uint8_t { info, low, medium, high, critical };
inline constexpr std::size_t check_severity_count = 5;
[[nodiscard]] std::string_view to_string(CheckSeverity severity) noexcept;  // "high"

// Who drew the check up.
enum class Catalogue : std::uint8_t { vpcwall, aws_config, security_hub, prowler };
[[nodiscard]] std::string_view to_string(Catalogue catalogue) noexcept;  // "security-hub"

// A value that a check takes, by the name that its catalogue gives it.
struct CheckParameter {
  enum class Kind : std::uint8_t {
    port,      // 22
    ports,     // 22,3389 or 20-21,443
    number,    // 1 to 1000000
    percent,   // 1 to 100
    protocol,  // TCP, UDP or ALL
    family,    // IPv4, IPv6 or ALL
  };
  std::string_view name;
  Kind kind = Kind::ports;
  std::string_view standard;  // as it would be written; empty: none
};

class Inspection;

// False: the check does not apply to this object, AWS's NOT_APPLICABLE.
template <class Object>
using Look = std::function<bool(const Object&, Inspection&)>;
struct NotAnswerable {};  // by a policy file
using Looks = std::variant<NotAnswerable, Look<Policy>, Look<SecurityGroup>, Look<NetworkAcl>,
                           Look<PrefixList>, Look<Interface>>;

struct Check {
  std::string_view id;    // "VW004", "INCOMING_SSH_DISABLED", "EC2.13", "ec2_networkacl_unused"
  std::string_view name;  // "reply-blocked", "restricted-ssh"; the id where there is no other
  Catalogue catalogue = Catalogue::vpcwall;
  CheckSeverity severity = CheckSeverity::low;
  std::string_view title;   // what is wrong, in one line
  std::string_view help;    // why it matters, or why a policy file cannot answer it
  std::string_view remedy;  // what to do
  std::string_view facts;   // "N-3, N-14"
  Looks looks;
  std::vector<CheckParameter> parameters;

  [[nodiscard]] bool is_answerable() const noexcept { return !std::holds_alternative<NotAnswerable>(looks); }
};

// In the order in which they are listed: ours, AWS Config's, Security Hub's, Prowler's.
[[nodiscard]] const std::vector<Check>& checks();
// By id or by name; null for none.
[[nodiscard]] const Check* find_check(std::string_view id_or_name);
// `did you mean "VW004"?`, or nothing when no id and no name is near.
[[nodiscard]] std::string nearest_check(std::string_view wanted);

}  // namespace vpcwall
