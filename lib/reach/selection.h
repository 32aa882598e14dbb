// Which endpoints a question is about.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/expected.h"
#include "reach/endpoints.h"

namespace vpcwall {

// Ascending; places in EndpointMap::all and EndpointMap::classes.
struct Selection {
  std::vector<std::size_t> endpoints;
  PerFamily<std::vector<std::size_t>> classes;
};

// `wanted` is an endpoint's name or id, or an address, which stands for those that no rule tells apart from
// it; empty: all ordinary endpoints, or `everything`. The mistake names the nearest endpoint; `option` is
// what it is about: "--from".
[[nodiscard]] Expected<Selection, std::string> select_endpoints(const EndpointMap& endpoints,
                                                                const std::string& wanted, bool everything,
                                                                std::string_view option);

}  // namespace vpcwall
