-- Who a person is at an OpenID Connect provider. A name is no identity: it can be given to somebody else.
CREATE TABLE identities (
    issuer     TEXT NOT NULL,
    subject    TEXT NOT NULL,
    user_id    INTEGER NOT NULL REFERENCES users (id),
    created_ms INTEGER NOT NULL,
    used_ms    INTEGER,
    PRIMARY KEY (issuer, subject)
) STRICT, WITHOUT ROWID;
CREATE INDEX identities_user ON identities (user_id);

-- Sign-ins that are at the provider: SHA-256 of the state and of the browser's cookie, and half of what nonce and
-- code verifier are made of. The other half is in the cookie alone.
CREATE TABLE sign_ins (
    state_hash   BLOB NOT NULL PRIMARY KEY,
    browser_hash BLOB NOT NULL,
    seed         BLOB NOT NULL,
    next         TEXT NOT NULL,
    expires_ms   INTEGER NOT NULL
) STRICT;
CREATE INDEX sign_ins_expiry ON sign_ins (expires_ms);
