// One request to the daemon: a JSON object on one line, {"verb": "status", …arguments…}.
//
// The reply is a JSON object on one line as well: with "schema" when the verb was carried out or refused for
// its own reasons, with "error" when the request was not understood. What `observe` and `shadow` answer is a
// first line like that and then more, until either end has had enough: see observe_request.h. Shared by the
// daemon and the command.
#pragma once

#include <array>
#include <cstddef>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "base/expected.h"
#include "control/role.h"

namespace vpcwall {

inline constexpr std::size_t max_request_bytes = std::size_t{64} << 10U;  // the line end included

struct RequestVerb {
  std::string_view name;
  Role role;  // what it needs
};
inline constexpr std::array<RequestVerb, 15> request_verbs{{{"status", Role::view},
                                                            {"rules", Role::view},
                                                            {"flows", Role::view},
                                                            {"explain", Role::view},
                                                            {"history", Role::view},
                                                            {"policy", Role::view},
                                                            {"reload", Role::change},
                                                            {"apply", Role::change},
                                                            {"rollback", Role::change},
                                                            {"shadow", Role::change},
                                                            {"confirm", Role::confirm},
                                                            {"observe", Role::debug},
                                                            {"tap", Role::debug},
                                                            {"decisions", Role::debug},
                                                            {"advance", Role::debug}}};
// Null when there is no such verb.
[[nodiscard]] const RequestVerb* find_verb(std::string_view name) noexcept;

struct Request {
  std::string verb;          // the name of one of request_verbs
  nlohmann::json arguments;  // the whole object, the verb included
};

// The error is a sentence for the sender.
[[nodiscard]] Expected<Request, std::string> read_request(std::string_view line);

}  // namespace vpcwall
