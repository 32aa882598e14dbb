// Results as JUnit XML, the form in which CI systems take test reports: a testsuite for each file, a testcase
// for each case; one failure for each case that failed, whose message begins with file:line:column of the
// first step that did.
#pragma once

#include <iosfwd>
#include <vector>

#include "cli/test/results.h"

namespace vpcwall {

void write_junit(const std::vector<SuiteResult>& suites, std::ostream& output);

}  // namespace vpcwall
