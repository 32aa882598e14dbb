// A packet on one line, as people write it:
//
//   tcp S x:40000 > a1:443                          flags are letters of SAFRPU, `-` for none
//   udp [2001:db8::1]:53 > a1v6:40000
//   icmp 8/0 id 7 x > a1                            type/code
//   icmp 3/4 t > a1 quoting (tcp a1:40000 > x:443)
//   protocol 47 x > a1
//   tcp x > a1 cut                                  a header that ends too early: no ports (S-69)
//   protocol 60 x6 > a1v6 lost                      an IPv6 extension chain that cannot be followed (S-68)
//
// and behind any of them `hop-limit 255`, `length 1500`. An address is a literal or a name; what a name
// stands for is the caller's knowledge.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/expected.h"
#include "net/packet.h"
#include "replay/packet_json.h"

namespace vpcwall {

// The address of `name`; `family` is that of the other end where it is known already.
using AddressBook =
    std::function<std::optional<IpAddress>(std::string_view name, std::optional<Family> family)>;

// The mistake says what was found and what was expected.
[[nodiscard]] Expected<Packet, JsonMistake> read_packet_text(std::string_view text,
                                                             const AddressBook& addresses);

// The same packet in this notation with literal addresses; read_packet_text() gives it back.
[[nodiscard]] std::string packet_text(const Packet& packet);

}  // namespace vpcwall
