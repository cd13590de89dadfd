package m365

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/qpimport/qpimport/pkg/source"
)

// What Cloud Sync is known by: the template of its applications, and of the job in
// them that carries users from AD.
const (
	cloudSyncApplication = "1a4721b3-e57f-4451-ae87-ef078703ec94"
	cloudSyncJob         = "AD2AADProvisioning"
)

// provisionPause is between two calls: Graph takes five in ten seconds.
const provisionPause = 2 * time.Second

var _ source.CloudProvisioner = (*Resetter)(nil)

// syncJob is a job of Cloud Sync with the rule that is applied.
type syncJob struct{ application, id, rule string }

// Provision implements [source.CloudProvisioner] by provisionOnDemand. Where there are
// several jobs, one for each domain, each is asked until one does.
func (r *Resetter) Provision(ctx context.Context, dns []string) ([]source.Provisioned, error) {
	jobs, err := r.syncJobs(ctx)
	if err != nil {
		return nil, err
	}
	if len(jobs) == 0 {
		return nil, &source.Error{Code: source.CodeNotFound, Message: "the tenant has no Cloud Sync"}
	}
	var done []source.Provisioned
	for i, dn := range dns {
		p := source.Provisioned{DN: dn}
		for j, job := range jobs {
			if i+j > 0 {
				if err := r.client.retry.sleep(ctx, provisionPause); err != nil {
					return done, err
				}
			}
			if p.Done, p.Message, err = r.provision(ctx, job, dn); err != nil {
				return done, err
			}
			if p.Done {
				break
			}
		}
		done = append(done, p)
	}
	return done, nil
}

// syncJobs finds the jobs of Cloud Sync.
func (r *Resetter) syncJobs(ctx context.Context) ([]syncJob, error) {
	type item struct {
		ID         string `json:"id"`
		TemplateID string `json:"templateId"`
	}
	read := func(d *jsontext.Decoder) (item, error) {
		var x item
		if err := json.UnmarshalDecode(d, &x); err != nil || x.ID == "" {
			return x, errors.Join(errors.New("an application or job of Cloud Sync cannot be read"), err)
		}
		return x, nil
	}
	var jobs []syncJob
	applications := r.client.url("servicePrincipals", url.Values{"$filter": {"applicationTemplateId eq '" + cloudSyncApplication + "'"}, "$select": {"id"}})
	for page, err := range readPages(ctx, r.client, applications, read) {
		if err != nil {
			return nil, syncPermission(err)
		}
		for _, application := range page {
			of := "servicePrincipals/" + url.PathEscape(application.ID) + "/synchronization/jobs"
			for page, err := range readPages(ctx, r.client, r.client.url(of, nil), read) {
				if err != nil {
					return nil, syncPermission(err)
				}
				for _, job := range page {
					if !strings.EqualFold(job.TemplateID, cloudSyncJob) {
						continue
					}
					rule, err := r.syncRule(ctx, of+"/"+url.PathEscape(job.ID)+"/schema")
					if err != nil {
						return nil, syncPermission(err)
					}
					jobs = append(jobs, syncJob{application.ID, job.ID, rule})
				}
			}
		}
	}
	return jobs, nil
}

func (r *Resetter) syncRule(ctx context.Context, path string) (string, error) {
	var schema struct {
		SynchronizationRules []struct {
			ID string `json:"id"`
		} `json:"synchronizationRules"`
	}
	err := r.client.get(ctx, r.client.url(path, nil), func(body io.Reader) error { return json.UnmarshalRead(body, &schema) })
	if err == nil && len(schema.SynchronizationRules) == 0 {
		err = incomplete(errors.New("the schema of Cloud Sync has no rule"))
	}
	if err != nil {
		return "", err
	}
	return schema.SynchronizationRules[0].ID, nil
}

// syncPermission names the permission that a refusal is about.
func syncPermission(err error) error {
	if source.CodeOf(err) != source.CodePermission {
		return err
	}
	return &source.Error{
		Code: source.CodePermission, Message: "the application may not use Cloud Sync's provisioning on demand",
		Hint: "give it the application permissions Synchronization.ReadWrite.All and Application.Read.All of Microsoft Graph, and grant admin consent",
	}
}

// provision has a job carry one user over, once.
func (r *Resetter) provision(ctx context.Context, job syncJob, dn string) (done bool, message string, err error) {
	type subject struct {
		ObjectID       string `json:"objectId"`
		ObjectTypeName string `json:"objectTypeName"`
	}
	type parameter struct {
		RuleID   string    `json:"ruleId"`
		Subjects []subject `json:"subjects"`
	}
	body, err := json.Marshal(map[string]any{"parameters": []parameter{{job.rule, []subject{{dn, "user"}}}}})
	if err != nil {
		return false, "its DN is no text", nil
	}
	var answer struct {
		Key string `json:"key"` // JSON once more
	}
	link := r.client.url("servicePrincipals/"+url.PathEscape(job.application)+"/synchronization/jobs/"+url.PathEscape(job.id)+"/provisionOnDemand", nil)
	status, said, err := r.client.write(ctx, http.MethodPost, link, body, func(b io.Reader) error { return json.UnmarshalRead(b, &answer) })
	switch {
	case status == http.StatusForbidden:
		return false, "", syncPermission(&source.Error{Code: source.CodePermission})
	case status == 0 && !errors.Is(err, errSent):
		return false, "", err
	case status != http.StatusOK && said.code != "":
		return false, fmt.Sprintf("Cloud Sync refuses (%s, %s)", statusText(status), said.code), nil
	case err != nil:
		return false, "nobody knows whether Cloud Sync did it: it does so by itself before long", nil
	}
	var outcome struct {
		Result string `json:"result"`
	}
	if json.Unmarshal([]byte(answer.Key), &outcome) != nil || !isName(outcome.Result) {
		return false, "Cloud Sync's answer cannot be read: it does so by itself before long", nil
	}
	if strings.EqualFold(outcome.Result, "Success") || strings.EqualFold(outcome.Result, "Skipped") {
		return true, "", nil
	}
	return false, "Cloud Sync says " + outcome.Result, nil
}
