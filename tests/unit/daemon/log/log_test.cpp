#include "daemon/log/log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <spdlog/sinks/ostream_sink.h>
#include <spdlog/spdlog.h>

#include <sstream>

namespace vpcwall {
namespace {

using ::testing::EndsWith;

TEST(Log, IsOneLineForEachMessageWhateverIsInIt) {
  std::ostringstream text;
  spdlog::logger logger("test", std::make_shared<spdlog::sinks::ostream_sink_mt>(text));
  logger.set_formatter(make_log_formatter());
  logger.info("apply of {} asked by root", "x\n2026-01-01T00:00:00 info: forged\033[2J\u202e\u009b");
  EXPECT_THAT(text.str(),
              EndsWith(" info: apply of x\\x0a2026-01-01T00:00:00 info: forged\\x1b[2J\\u202e\\u009b "
                       "asked by root\n"));
  EXPECT_EQ(text.str().find('\n'), text.str().size() - 1);
}

}  // namespace
}  // namespace vpcwall
