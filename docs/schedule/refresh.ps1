# Windows: a scheduled task that brings all customers up to date every night as SYSTEM. Run once as administrator, after
# task.ps1, which makes the folder and closes it to others.
$folder = Join-Path $env:ProgramData 'qpimport'
$action = New-ScheduledTaskAction -Execute (Join-Path $env:ProgramFiles 'qpimport\qpimport.exe') `
    -Argument 'refresh --all --parallel 8 --timeout 2h -o json' -WorkingDirectory $folder
$trigger = New-ScheduledTaskTrigger -Daily -At 03:30 -RandomDelay (New-TimeSpan -Minutes 30)
$settings = New-ScheduledTaskSettingsSet -MultipleInstances IgnoreNew -StartWhenAvailable -ExecutionTimeLimit (New-TimeSpan -Hours 3)
Register-ScheduledTask -TaskName 'qpimport refresh' -Action $action -Trigger $trigger -Settings $settings -User 'SYSTEM' -RunLevel Highest -Force
# A monitor asks: qpimport status --check --needs-attention (exit status 3: somebody has to act)
