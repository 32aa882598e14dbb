// How full one flow table is, as its reader sees it (C-57, C-60). A value.
#pragma once

#include <cstddef>

namespace vpcwall {

struct FlowTableUse {
  std::size_t flows = 0, capacity = 0;
  std::size_t guaranteed = 0;                    // flows, for each interface
  std::size_t shared_used = 0, shared_size = 0;  // flows beyond that, of all interfaces
};

}  // namespace vpcwall
