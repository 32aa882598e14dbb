// One trial of a candidate policy: from what its shadow notes to the lines that whoever asked for it is sent,
// a piece at a time, as much as there is room for. The schema is vpcwall/shadow/1.
//
//   ShadowStream stream(firewall, shadow, ended);
//   while (stream.more(lines, room, ending)) …       // now and then; `lines` grows by about `room` bytes
//
// Nothing here waits, but for the workers at the end. The trial ends with the object at the latest; `ended`
// is told its totals, once. Control thread only.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <string>

#include "daemon/firewall.h"

namespace vpcwall {

class ShadowStream {
 public:
  using Ended = std::function<void(const Shadow::Totals&)>;

  // `shadow` is what firewall.begin_shadow() gave; it is given back at the end.
  ShadowStream(Firewall& firewall, std::shared_ptr<Shadow> shadow, Ended ended);
  ~ShadowStream();
  ShadowStream(const ShadowStream&) = delete;
  ShadowStream& operator=(const ShadowStream&) = delete;

  // Appends lines; `ending`: the peer has heard enough, so only what is left follows. False after the last.
  [[nodiscard]] bool more(std::string& lines, std::size_t room, bool ending);

 private:
  void end();
  void tell_policy(std::string& lines);
  // False when there was no room for all that is there.
  [[nodiscard]] bool tell_differences(std::string& lines, std::size_t limit);
  void tell(const Shadow::Numbered& numbered, std::string& lines) const;
  void tell_end(std::string& lines) const;

  Firewall& firewall_;
  std::shared_ptr<Shadow> shadow_;
  Ended ended_;
  std::uint64_t generation_;
  bool running_ = true;
  std::deque<Shadow::Numbered> read_;  // not yet told
};

}  // namespace vpcwall
