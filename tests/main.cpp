#define BOOST_TEST_MODULE graft
#include <boost/test/unit_test.hpp>
