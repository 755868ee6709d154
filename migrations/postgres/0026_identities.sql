-- Who a person is at an OpenID Connect provider. A name is no identity: it can be given to somebody else.
CREATE TABLE identities (
    issuer     TEXT NOT NULL,
    subject    TEXT NOT NULL,
    user_id    BIGINT NOT NULL REFERENCES users (id),
    created_ms BIGINT NOT NULL,
    used_ms    BIGINT,
    PRIMARY KEY (issuer, subject)
);
CREATE INDEX identities_user ON identities (user_id);

-- Sign-ins that are at the provider: SHA-256 of the state and of the browser's cookie, and half of what nonce and
-- code verifier are made of. The other half is in the cookie alone.
CREATE TABLE sign_ins (
    state_hash   BYTEA NOT NULL PRIMARY KEY,
    browser_hash BYTEA NOT NULL,
    seed         BYTEA NOT NULL,
    next         TEXT NOT NULL,
    expires_ms   BIGINT NOT NULL
);
CREATE INDEX sign_ins_expiry ON sign_ins (expires_ms);
