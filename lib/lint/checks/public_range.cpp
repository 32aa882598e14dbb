#include "lint/checks/public_range.h"

#include <algorithm>
#include <array>

namespace vpcwall {

bool is_public(const Prefix& range) {
  static const std::array set_aside{
      *parse_prefix("0.0.0.0/8"),     *parse_prefix("10.0.0.0/8"),      *parse_prefix("100.64.0.0/10"),
      *parse_prefix("127.0.0.0/8"),   *parse_prefix("169.254.0.0/16"),  *parse_prefix("172.16.0.0/12"),
      *parse_prefix("192.0.0.0/24"),  *parse_prefix("192.0.2.0/24"),    *parse_prefix("192.168.0.0/16"),
      *parse_prefix("198.18.0.0/15"), *parse_prefix("198.51.100.0/24"), *parse_prefix("203.0.113.0/24"),
      *parse_prefix("240.0.0.0/4"),
  };
  return std::none_of(set_aside.begin(), set_aside.end(),
                      [&](const Prefix& reserved) { return reserved.contains(range); });
}

}  // namespace vpcwall
