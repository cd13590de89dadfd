# RMM task for Windows, run as SYSTEM: bring one customer's people in, idempotently.
# The RMM gives the settings as environment variables:
#   QP_CUSTOMER        customer, made where there is none
#   QP_AD_DOMAIN       corp.example                as the account that runs this, without a password
#   or QP_AD_URL       ldaps://dc1.corp.example    QP_AD_BIND_DN, QP_AD_PASSWORD, QP_AD_CA (a file, optional)
#   QP_TENANT          tenant id or domain         QP_CLIENT_ID, QP_CLIENT_SECRET
#   QP_OU              OU to import, below it as well
#   QP_PASSWORD_SYNC   on or off
# The first line of output is the status. Secrets stay in the environment: qpimport is told their names.
# Set $Offset to 1000 for N-able N-sight, which keeps exit codes below 1000 for itself.
$ErrorActionPreference = 'Stop'
try { [Console]::OutputEncoding = [Text.Encoding]::UTF8 } catch { } # qpimport writes UTF-8; without a console there is nothing to set
$Offset = 0
$qp = Join-Path $env:ProgramFiles 'qpimport\qpimport.exe'
$env:QPIMPORT_CUSTOMER = $env:QP_CUSTOMER
$log = New-Object System.Collections.Generic.List[string]

function Stop-Task([int]$Status, [string[]]$Text) {
    $why = switch ($Status) {
        3  { 'some items need a hand' }
        12 { 'refused by a rule' }
        13 { 'credentials or permission refused' }
        14 { 'a directory did not answer completely: will be tried again' }
        15 { 'the state file is busy or unusable' }
        default { 'failed' }
    }
    Write-Output "qpimport $($env:QP_CUSTOMER): $why ($Status)"
    $Text | Write-Output
    exit ($Offset + $Status)
}

function Invoke-Step([string[]]$Arguments) {
    # Text on standard error is no exception here.
    $ErrorActionPreference = 'Continue'
    $out = & $qp @Arguments 2>&1 | ForEach-Object { "$_" }
    if ($LASTEXITCODE -ne 0) { Stop-Task $LASTEXITCODE $out }
    if ($out) { $log.Add(@($out)[0]) }
}

& $qp -q customers show $env:QP_CUSTOMER *> $null
if ($LASTEXITCODE -ne 0) { Invoke-Step @('customers', 'create', $env:QP_CUSTOMER) }

if ($env:QP_AD_DOMAIN) {
    Invoke-Step @('-q', 'directories', 'connect', 'ad', '--domain', $env:QP_AD_DOMAIN, '--bind', 'windows')
} elseif ($env:QP_AD_URL) {
    $connect = @('-q', 'directories', 'connect', 'ad', '--url', $env:QP_AD_URL, '--bind-dn', $env:QP_AD_BIND_DN,
        '--bind-password-from', 'env:QP_AD_PASSWORD')
    if ($env:QP_AD_CA) { $connect += @('--ca-file', $env:QP_AD_CA) }
    Invoke-Step $connect
}
if ($env:QP_TENANT) {
    Invoke-Step @('-q', 'directories', 'connect', 'm365', '--tenant', $env:QP_TENANT, '--client-id', $env:QP_CLIENT_ID,
        '--client-secret-from', 'env:QP_CLIENT_SECRET')
}

Invoke-Step @('-q', 'import', '--source', 'ad', '--ou', $env:QP_OU, '-r', '--all', '--password-sync', $env:QP_PASSWORD_SYNC)
if ($env:QP_PASSWORD_SYNC -ne 'off') { Invoke-Step @('-q', 'match', '--auto', '--by', 'evidence') }

& $qp -q status | Select-Object -First 1
$log | Write-Output
exit 0
