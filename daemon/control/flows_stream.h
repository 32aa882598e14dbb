// The answer to `flows` in parts: lines of some flows each, until all are told, or as many as were asked for.
//
//   {"event":"flows","flows":[…]}
//   {"event":"end","listed":1000}
//
// However many flows there are, each step looks at a few thousand places and makes one line. Control thread.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "control/reports.h"
#include "daemon/firewall.h"
#include "daemon/flow_cursor.h"

namespace vpcwall {

class FlowsStream {
 public:
  static constexpr std::size_t rows_of_a_line = 512;

  FlowsStream(const Firewall& firewall, std::uint64_t most);
  // An AnswerStream.
  bool more(std::string& lines, std::size_t room, bool ending);

 private:
  void fetch();

  const Firewall& firewall_;
  std::uint64_t left_;
  std::uint64_t listed_ = 0;
  FlowCursor cursor_;
  bool all_seen_ = false;
  std::vector<Flow> flows_;  // that are yet to be told, from begin_ on
  std::size_t begin_ = 0;
  std::uint64_t generation_ = 0;  // of the policy that rows_ has its names from
  std::unique_ptr<FlowRows> rows_;
};

}  // namespace vpcwall
