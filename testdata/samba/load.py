"""Puts an ldifde export and the accounts of the live tests into a Samba domain.

load.py DIR LDIF: DIR is the domain's folder; DIR/test.password holds the
password of all test accounts. Running it again changes nothing.
"""

import sys

import ldb
from samba.auth import system_session
from samba.param import LoadParm
from samba.samdb import SamDB

# What a directory sets itself, and what may be set only together with it.
OPERATIONAL = {
    "dn", "changetype", "distinguishedname", "instancetype", "whencreated", "whenchanged",
    "usncreated", "usnchanged", "name", "objectguid", "objectsid", "objectcategory",
    "samaccounttype", "iscriticalsystemobject", "primarygroupid", "badpwdcount",
    "wellknownobjects", "otherwellknownobjects", "minpwdlength", "lockoutthreshold",
}

# What stays as it was when the object was made.
FIXED = {"objectclass", "samaccountname", "useraccountcontrol", "pwdlastset"}

# Without Samba's password module a user may have any pwdLastSet and no password.
BYPASS_PASSWORD_HASH = "local_oid:1.3.6.1.4.1.7165.4.3.12:0"

OU = "OU=Live Tests"


def exists(db, dn):
    try:
        db.search(dn, scope=ldb.SCOPE_BASE, attrs=["dn"])
        return True
    except ldb.LdbError as e:
        if e.args[0] == ldb.ERR_NO_SUCH_OBJECT:
            return False
        raise


def put(db, entry):
    """Adds the object, or brings its attributes up to date."""
    dn = ldb.Dn(db, str(entry.dn))
    new = not exists(db, dn)
    skip = OPERATIONAL if new else OPERATIONAL | FIXED | {dn.get_rdn_name().lower()}
    message = ldb.Message(dn)
    for name in entry.keys():
        if name.lower() not in skip:
            flag = ldb.FLAG_MOD_ADD if new else ldb.FLAG_MOD_REPLACE
            message[name] = ldb.MessageElement(list(entry[name]), flag, name)
    if new:
        db.add(message, controls=[BYPASS_PASSWORD_HASH])
    elif len(message):
        db.modify(message)


def own(entry, base):
    """Whether each domain has the object of itself: its root, Administrator, Guest, krbtgt."""
    return str(entry.dn) == base or "isCriticalSystemObject" in entry and "sAMAccountName" in entry


def account(db, base, name, password, **attributes):
    dn = f"CN={name},{OU},{base}"
    if not exists(db, dn):
        db.newuser(name, password, userou=OU)
    db.setpassword(f"(sAMAccountName={name})", password, force_change_at_next_login=False)
    db.setexpiry(f"(sAMAccountName={name})", 0, no_expiry_req=True)
    change = ldb.Message(ldb.Dn(db, dn))
    for key, value in attributes.items():
        change[key] = ldb.MessageElement(value, ldb.FLAG_MOD_REPLACE, key)
    if len(change):
        db.modify(change)


def main(folder, ldif):
    lp = LoadParm(f"{folder}/etc/smb.conf")
    db = SamDB(url=f"{folder}/private/sam.ldb", session_info=system_session(), lp=lp)
    base = db.domain_dn()
    with open(f"{folder}/test.password") as f:
        password = f.read().strip()
    with open(ldif, encoding="utf-8") as f:
        # A context of its own: with the schema at hand the parser refuses an export.
        entries = [message for _, message in ldb.Ldb().parse_ldif(f.read())]
    db.transaction_start()
    try:
        for entry in entries:
            if not own(entry, base):
                put(db, entry)
        if not exists(db, f"{OU},{base}"):
            db.create_ou(f"{OU},{base}")
        account(db, base, "svc-qpimport", password)
        account(db, base, "live-disabled", password, userAccountControl="514")
        account(db, base, "live-expired", password, accountExpires="133000000000000000")
        account(db, base, "live-must-change", password, userAccountControl="512", pwdLastSet="0")
    except BaseException:
        db.transaction_cancel()
        raise
    db.transaction_commit()


main(*sys.argv[1:])
