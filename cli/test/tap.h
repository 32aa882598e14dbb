// Results in the Test Anything Protocol, version 14: a line for each case, and behind one that failed a block
// of YAML with the place of its first failed step and everything about each.
#pragma once

#include <cstddef>
#include <iosfwd>

#include "cli/test/results.h"

namespace vpcwall {

// One stream at a time; written case by case, so that a reader sees how far a run has come.
class TapWriter {
 public:
  explicit TapWriter(std::ostream& output);

  void add(const SuiteResult& suite, const CaseResult& result);
  void comment(const std::string& text);
  // The plan, which stands at the end: how many cases there were.
  void finish();

 private:
  std::ostream& output_;
  std::size_t cases_ = 0;
};

}  // namespace vpcwall
