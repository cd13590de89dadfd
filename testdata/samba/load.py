"""Puts an ldifde export, and the accounts and groups of the live tests, into a Samba domain.

load.py DIR LDIF: DIR is the domain's folder; DIR/test.password holds the
password of all test accounts. Running it again changes nothing.
"""

import sys

import ldb
from samba.auth import system_session
from samba.param import LoadParm
from samba.samdb import SamDB
from samba.sd_utils import SDUtils

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
GROUPS = "OU=Live Groups"
MANY = 5000  # members of one group, of whom most are contacts: they are cheap

# Whose passwords the tests set.
RESETS = "OU=Live Resets"

# What is delegated on that OU, for the users in it.
USER_CLASS = "bf967aba-0de6-11d0-a285-00aa003049e2"
RESET_PASSWORD = "(OA;CIIO;CR;00299570-246d-11d0-a768-00aa006e0529;%s;%s)"
WRITE_PWD_LAST_SET = "(OA;CIIO;RPWP;bf967a0a-0de6-11d0-a285-00aa003049e2;%s;%s)"
WRITE_LOCKOUT_TIME = "(OA;CIIO;RPWP;28630ebf-41d5-11d1-a9c1-0000f80367c1;%s;%s)"
NO_UNEXPIRE = "(OD;;CR;ccc2dc7d-a6ad-4a7a-8846-c04e3cc53501;;%s)"
NO_RESET = "(OD;;CR;00299570-246d-11d0-a768-00aa006e0529;;%s)"


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


def add(db, dn, **attributes):
    if not exists(db, dn):
        db.add({"dn": dn, **attributes}, controls=[BYPASS_PASSWORD_HASH])


def member(db, group, who):
    """Puts an object into a group that may have it already."""
    change = ldb.Message(ldb.Dn(db, group))
    change["member"] = ldb.MessageElement(who, ldb.FLAG_MOD_ADD, "member")
    try:
        db.modify(change)
    except ldb.LdbError as e:
        if e.args[0] not in (ldb.ERR_ATTRIBUTE_OR_VALUE_EXISTS, ldb.ERR_ENTRY_ALREADY_EXISTS):
            raise


def groups(db, base):
    """Groups in groups, three deep into Domain Admins, a circle, one of many members, primary
    groups, DnsAdmins, a renamed powerful group and one with somebody of another domain."""
    ou = f"{GROUPS},{base}"
    if not exists(db, ou):
        db.create_ou(ou)

    def user(name):
        add(db, f"CN={name},{ou}", objectClass="user", sAMAccountName=name, displayName=name, userAccountControl="512")
        return f"CN={name},{ou}"

    def group(name, *members, place=ou, **attributes):
        add(db, f"CN={name},{place}", objectClass="group", sAMAccountName=name, **attributes)
        for who in members:
            member(db, f"CN={name},{place}", who)
        return f"CN={name},{place}"

    third = group("Live Third", user("live-third"))
    second = group("Live Second", user("live-second"), third)
    first = group("Live First", second)
    member(db, third, second)  # round and round
    member(db, f"CN=Domain Admins,CN=Users,{base}", first)
    group("DnsAdmins", user("live-dns"), place=f"CN=Users,{base}", groupType="-2147483644")
    member(db, f"CN=Backup Operators,CN=Builtin,{base}", "<SID=S-1-5-21-1-2-3-1104>")
    renamed = ldb.Dn(db, f"CN=Live Policy Crew,CN=Users,{base}")  # Group Policy Creator Owners
    if not exists(db, renamed):
        db.rename(f"CN=Group Policy Creator Owners,CN=Users,{base}", renamed)
        change = ldb.Message(renamed)
        change["sAMAccountName"] = ldb.MessageElement("Live Policy Crew", ldb.FLAG_MOD_REPLACE, "sAMAccountName")
        db.modify(change)
    member(db, str(renamed), user("live-policy"))

    for name, primary in (("live-primary", group("Live Primary")), ("live-primary-admin", f"CN=Domain Admins,CN=Users,{base}")):
        dn = user(name)
        sid = db.schema_format_value("objectSid", db.search(primary, scope=ldb.SCOPE_BASE, attrs=["objectSid"])[0]["objectSid"][0])
        rid = sid.decode().rsplit("-", 1)[1]
        if db.search(dn, scope=ldb.SCOPE_BASE, attrs=["primaryGroupID"])[0]["primaryGroupID"][0].decode() != rid:
            member(db, primary, dn)  # who is in a group may have it as the primary one
            change = ldb.Message(ldb.Dn(db, dn))
            change["primaryGroupID"] = ldb.MessageElement(rid, ldb.FLAG_MOD_REPLACE, "primaryGroupID")
            db.modify(change)

    if not exists(db, f"CN=Live Many,{ou}"):
        contacts = [f"CN=Contact {n},{ou}" for n in range(MANY - 2)]
        for dn in contacts:
            db.add({"dn": dn, "objectClass": "contact"})
        add(db, f"CN=Live Many,{ou}", objectClass="group", sAMAccountName="Live Many",
            member=contacts + [user("live-many"), second])


def principal(db, base, name):
    """Gives the domain controller a service principal name, which Samba's DNS updater would do."""
    dn = ldb.Dn(db, f"CN=DC1,OU=Domain Controllers,{base}")
    has = db.search(dn, scope=ldb.SCOPE_BASE, attrs=["servicePrincipalName"])[0].get("servicePrincipalName", [])
    if name.encode() not in [bytes(value) for value in has]:
        change = ldb.Message(dn)
        change["servicePrincipalName"] = ldb.MessageElement(name, ldb.FLAG_MOD_ADD, "servicePrincipalName")
        db.modify(change)


def sid(db, name):
    found = db.search(db.domain_dn(), expression=f"(sAMAccountName={name})", attrs=["objectSid"])
    return db.schema_format_value("objectSid", found[0]["objectSid"][0]).decode()


def policy(db, base, name, user, length, threshold):
    dn = f"CN={name},CN=Password Settings Container,CN=System,{base}"
    if not exists(db, dn):
        db.add({
            "dn": dn, "objectClass": "msDS-PasswordSettings", "msDS-PasswordSettingsPrecedence": length,
            "msDS-PasswordReversibleEncryptionEnabled": "FALSE", "msDS-PasswordHistoryLength": "1",
            "msDS-PasswordComplexityEnabled": "TRUE", "msDS-MinimumPasswordLength": length, "msDS-MinimumPasswordAge": "0",
            "msDS-MaximumPasswordAge": "-36288000000000", "msDS-LockoutThreshold": threshold,
            "msDS-LockoutObservationWindow": "-18000000000", "msDS-LockoutDuration": "-18000000000", "msDS-PSOAppliesTo": user,
        })


def resets(db, base, password):
    """People whose passwords are set, and two who may set them: one with all the rights, one with the least."""
    ou = f"{RESETS},{base}"
    if not exists(db, ou):
        db.create_ou(ou)
    for name in ("reset-ann", "reset-bob", "reset-strict", "reset-protected", "reset-eve", "reset-fay"):
        if not exists(db, f"CN={name},{ou}"):
            db.newuser(name, password, userou=RESETS)
    account(db, base, "live-helpdesk", password)
    account(db, base, "live-resetonly", password)
    acl = SDUtils(db)
    helpdesk, only = sid(db, "live-helpdesk"), sid(db, "live-resetonly")
    for ace in (RESET_PASSWORD, WRITE_PWD_LAST_SET, WRITE_LOCKOUT_TIME):
        acl.dacl_add_ace(ou, ace % (USER_CLASS, helpdesk))
    acl.dacl_add_ace(ou, RESET_PASSWORD % (USER_CLASS, only))
    acl.dacl_add_ace(base, NO_UNEXPIRE % only)
    acl.dacl_add_ace(f"CN=reset-protected,{ou}", NO_RESET % helpdesk)
    policy(db, base, "Strict", f"CN=reset-strict,{ou}", length="20", threshold="0")
    policy(db, base, "Locking", f"CN=reset-bob,{ou}", length="7", threshold="2")


def main(folder, ldif):
    lp = LoadParm(f"{folder}/etc/smb.conf")
    db = SamDB(url=f"{folder}/private/sam.ldb", session_info=system_session(), lp=lp,
               options=["batch_mode:1", "transaction_index_cache_size:200000"])
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
        principal(db, base, "ldap/dc1.corp.contoso.example")
        account(db, base, "svc-qpimport", password)
        account(db, base, "live-disabled", password, userAccountControl="514")
        account(db, base, "live-expired", password, accountExpires="133000000000000000")
        account(db, base, "live-must-change", password, userAccountControl="512", pwdLastSet="0")
        groups(db, base)
        resets(db, base, password)
    except BaseException:
        db.transaction_cancel()
        raise
    db.transaction_commit()


main(*sys.argv[1:])
