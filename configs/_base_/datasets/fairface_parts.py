"""FairFace at 64x64 cut into seven data sets, each labelled for one task or none, in two domains (issue 5; ours).

Main domain: the original images. Other domain: similar images without colour, blurred and at half the resolution, in
training and in tests. Of the 6,000 training images (seeded, disjoint):

    age_main   1,000   age_other   500       labelled for age alone
    gender_main 1,000  gender_other 500      labelled for gender alone
    race_main  1,000   race_other  500       labelled for race alone
                       unlabelled 1,500      no labels, other domain

Labelled sets of the other domain are needed for "with the other domains" to differ from "main only" where nothing is
distilled; the unlabelled set is only useful for distillation. In a config:

    train_dataloader = dict(dataset=dict(datasets=_base_.main))                                        # main domain only
    train_dataloader = dict(dataset=dict(datasets=[*_base_.main, *_base_.other]))                      # with the other one
    train_dataloader = dict(dataset=dict(datasets=[*_base_.main, *_base_.other, *_base_.unlabelled]))  # the same, distilled

    tasks = dict(_delete_=True, age=_base_.tasks.age)                                                  # a single task
    train_dataloader = dict(dataset=dict(datasets=[_base_.age_main]))                                  # its own set only
    train_dataloader = dict(dataset=dict(datasets=[_base_.age_main, _base_.age_other]))                # with the other domain

A single task that is distilled trains on the lists of the multi-task network: sets labelled for other tasks are unlabelled
for it.

Tested on the 1,500 validation images, fully labelled: in the main domain, or with --cfg-options
test_dataloader.dataset.domain=other in the other.
"""
data_set = 'FairFace subset at 64x64 in seven parts'
tasks = dict(
    age=dict(type='Classification', num_classes=9, metric='AgeGroupAccuracy'),
    gender=dict(type='Classification', num_classes=2),
    race=dict(type='Classification', num_classes=7))
domains = dict(other=dict(type='DomainShift', grey=1.0, blur=1.0, lowres=2.0))
train_pipeline = [dict(type='RandomHFlip'), dict(type='RandomTranslate', max_shift=4)]
part_of = dict(
    type='FairFace', data_root='fairface', split='train', size=(64, 64), parts=(2, 2, 2, 1, 1, 1, 3), part_seed=0,
    domains=domains, cache='preload', pipeline=train_pipeline)
age_main = dict(part_of, name='age_main', part=0, keep=('age',))
gender_main = dict(part_of, name='gender_main', part=1, keep=('gender',))
race_main = dict(part_of, name='race_main', part=2, keep=('race',))
age_other = dict(part_of, name='age_other', part=3, keep=('age',), domain='other')
gender_other = dict(part_of, name='gender_other', part=4, keep=('gender',), domain='other')
race_other = dict(part_of, name='race_other', part=5, keep=('race',), domain='other')
unlabelled_other = dict(part_of, name='unlabelled_other', part=6, keep=(), domain='other')
main = [age_main, gender_main, race_main]
other = [age_other, gender_other, race_other]
unlabelled = [unlabelled_other]

train_dataloader = dict(
    batch_size=64, num_workers=0,
    sampler=dict(type='MixSampler', quotas='sqrt'), batch_sampler=dict(type='InfiniteBatchSampler'),
    collate_fn=dict(type='mtkd_collate'),
    dataset=dict(type='MultiDataset', datasets=main))
val_dataloader = dict(
    batch_size=250, num_workers=0, sampler=dict(type='EvalSampler'), collate_fn=dict(type='mtkd_collate'),
    dataset=dict(type='FairFace', data_root='fairface', split='val', size=(64, 64), domains=domains, domain='main',
                 cache='preload', pipeline=[]))
test_dataloader = val_dataloader
val_evaluator = dict(type='TaskMetrics', slow=False)
test_evaluator = dict(type='TaskMetrics')
custom_hooks = [dict(type='LabelCountHook')]
